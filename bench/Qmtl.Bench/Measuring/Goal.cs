using System.Globalization;

namespace Qmtl.Bench.Measuring;

/// <summary>What a benchmark has to reach.</summary>
internal sealed class Goal
{
    private readonly bool _ofRatio;
    private readonly double _must;
    private readonly double? _aim;

    private Goal(bool ofRatio, double must, double? aim)
    {
        _ofRatio = ofRatio;
        _must = must;
        _aim = aim;
    }

    /// <summary>At least so many times the speed of the baseline.</summary>
    public static Goal Ratio(double must, double? aim = null) => new(ofRatio: true, must, aim);

    /// <summary>A rate of at least, or anything else of at most, so much.</summary>
    public static Goal Value(double must, double? aim = null) => new(ofRatio: false, must, aim);

    /// <summary>How a measurement stands to it, in a few words.</summary>
    public string Judge(Measurement row)
    {
        var (value, larger) = _ofRatio ? (row.Ratio ?? double.NaN, true) : (row.Value, row.IsRate);
        var must = Sentence(value, _must, larger, "must");
        return _aim is { } aim ? $"{must}; {Sentence(value, aim, larger, "aim")}" : must;
    }

    private string Sentence(double value, double limit, bool larger, string word) => string.Create(
        CultureInfo.InvariantCulture, $"{word} {(_ofRatio ? "ratio " : "")}{(larger ? ">=" : "<=")} {limit:0.##}: {((larger ? value >= limit : value <= limit) ? "met" : "MISSED")}");
}
