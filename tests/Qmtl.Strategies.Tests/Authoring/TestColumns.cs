namespace Qmtl.Strategies.Tests;

/// <summary>Columns written out in a test.</summary>
internal sealed class TestColumns(double[] close, double[]? open = null, double[]? high = null, double[]? low = null) : IColumnSource
{
    private readonly Dictionary<string, double[]> _columns = new(StringComparer.Ordinal) { ["close"] = close, ["open"] = open ?? close, ["high"] = high ?? close, ["low"] = low ?? close };

    public string Instrument => "X";

    public int Count => close.Length;

    public ReadOnlySpan<long> Times => BarTimes.EveryMinute(Count);

    public IReadOnlyCollection<string> ColumnNames => _columns.Keys;

    public ReadOnlyMemory<double>? FindColumn(string name) => _columns.TryGetValue(name, out var column) ? (ReadOnlyMemory<double>?)column : null;
}
