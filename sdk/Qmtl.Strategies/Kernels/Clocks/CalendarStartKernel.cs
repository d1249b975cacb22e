namespace Qmtl.Strategies;

/// <summary>1 on the first bar of each period of the calendar, 0 on the others. Input: when bars open, in seconds since 1970-01-01 UTC.</summary>
/// <remarks>
/// A period begins some seconds after midnight; its first bar is the first that opens then or later, and the first bar of all begins one too.
/// The calendar is asked once a period, not once a bar. State: [0] when the next period begins, in the input's seconds.
/// </remarks>
internal sealed class CalendarStartKernel(CalendarPeriod period, int offsetSeconds) : Kernel
{
    internal override NodeCode Code => NodeCode.BuiltIn("calendar_start");

    public override int StateLength => 1;

    public override IReadOnlyDictionary<string, object> Parameters { get; } =
        new Dictionary<string, object>(StringComparer.Ordinal) { ["calendar"] = NameOf(period), ["offset"] = (long)offsetSeconds };

    public override void Start(Span<double> state) => state[0] = double.NegativeInfinity;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var times = inputs[0];
        for (var i = 0; i < output.Length; i++)
        {
            output[i] = times[i] >= state[0] ? 1 : 0;
            if (output[i] != 0) state[0] = After(times[i]);
        }
    }

    private double After(double seconds)
    {
        var day = DateTime.UnixEpoch.AddSeconds(Math.Floor(seconds) - offsetSeconds).Date;
        var next = period switch
        {
            CalendarPeriod.Day => day.AddDays(1),
            CalendarPeriod.Week => day.AddDays(7 - (((int)day.DayOfWeek + 6) % 7)),
            CalendarPeriod.Month => FirstOf(day).AddMonths(1),
            CalendarPeriod.Quarter => FirstOf(day).AddMonths(3 - ((day.Month - 1) % 3)),
            _ => FirstOf(day).AddMonths(13 - day.Month),
        };
        return (next - DateTime.UnixEpoch).TotalSeconds + offsetSeconds;
    }

    private static DateTime FirstOf(DateTime day) => day.AddDays(1 - day.Day);

    private static string NameOf(CalendarPeriod period) => period switch
    {
        CalendarPeriod.Day => "day",
        CalendarPeriod.Week => "week",
        CalendarPeriod.Month => "month",
        CalendarPeriod.Quarter => "quarter",
        _ => "year",
    };
}
