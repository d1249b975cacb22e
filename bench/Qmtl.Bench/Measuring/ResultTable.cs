using System.Globalization;

namespace Qmtl.Bench.Measuring;

/// <summary>The report for people, row by row as it comes.</summary>
internal sealed class ResultTable
{
    private readonly TextWriter _output;
    private readonly int _width;

    public ResultTable(TextWriter output, IEnumerable<Benchmark> benchmarks)
    {
        _output = output;
        // A benchmark may report parts of itself under longer names.
        _width = benchmarks.Max(benchmark => benchmark.Name.Length) + 10;
        Row("", "baseline", "QMTL", "unit", "ratio", "");
    }

    public void Write(Measurement row, Benchmark benchmark)
    {
        var verdict = row.Name == benchmark.Name && benchmark.Goal is { } goal ? goal.Judge(row) : "";
        Row(row.Name, Number(row.Baseline), Number(row.Value), row.Unit, row.Ratio is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "-", verdict);
        if (row.Name == benchmark.Name) _output.WriteLine($"  {benchmark.What}");
    }

    private static string Number(double? value) => value is not { } number ? "-" : number switch
    {
        >= 1000 => number.ToString("#,##0", CultureInfo.InvariantCulture),
        >= 10 => number.ToString("0.0", CultureInfo.InvariantCulture),
        _ => number.ToString("0.00", CultureInfo.InvariantCulture),
    };

    private void Row(string name, string baseline, string value, string unit, string ratio, string verdict) =>
        _output.WriteLine($"{name.PadRight(_width)}{baseline,14}{value,14}  {unit,-10}{ratio,8}  {verdict}".TrimEnd());
}
