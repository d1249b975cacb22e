using System.CommandLine;
using Qmtl.Bench.Measuring;

namespace Qmtl.Bench;

/// <summary>The command line: which suite, which of its benchmarks, how large, where to.</summary>
internal static class BenchCommand
{
    public static RootCommand Create(TextWriter output, TextWriter error)
    {
        var suite = new Argument<string>("SUITE") { Description = "What to measure." };
        suite.AcceptOnlyFromAmong([.. Suites.All.Keys]);
        var json = new Option<string?>("--json") { Description = "Write the measurements to this file as well.", HelpName = "FILE" };
        var only = new Option<string?>("--only") { Description = "Measure only these, separated by commas.", HelpName = "A1,B" };
        var quick = new Option<bool>("--quick") { Description = "A tenth of the size: to see that everything runs, not to quote." };
        var command = new RootCommand("Measures QMTL against plain code that does the same work, in turn, in one process.") { suite, json, only, quick };
        command.SetAction((parse, cancellationToken) =>
        {
            var name = parse.GetRequiredValue(suite);
            return Choose(name, parse.GetValue(only), error) is { } chosen
                ? RunAsync(chosen, parse.GetValue(quick) ? Scale.Quick : Scale.Full, parse.GetValue(json), output, error, cancellationToken)
                : Task.FromResult(2);
        });
        return command;
    }

    private static IReadOnlyList<Benchmark>? Choose(string suite, string? only, TextWriter error)
    {
        var all = Suites.All[suite];
        if (only is null) return all;
        var names = only.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var unknown = names.Except(all.Select(benchmark => benchmark.Name), StringComparer.OrdinalIgnoreCase).ToArray();
        if (unknown.Length == 0 && names.Length > 0) return [.. all.Where(benchmark => names.Contains(benchmark.Name, StringComparer.OrdinalIgnoreCase))];
        error.WriteLine($"The suite {suite} has no {string.Join(", ", unknown)}; it has {string.Join(", ", all.Select(benchmark => benchmark.Name))}.");
        return null;
    }

    private static async Task<int> RunAsync(
        IReadOnlyList<Benchmark> benchmarks, Scale scale, string? json, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        if (Machine.IsUnoptimised) await error.WriteLineAsync("This is a build without optimisation; its figures say nothing. Use: dotnet run -c Release");
        await output.WriteLineAsync($"{Machine.Description}; median of {Contest.Turns} turns, baseline and QMTL alternating{(scale == Scale.Quick ? "; quick, not to quote" : "")}");
        var table = new ResultTable(output, benchmarks);
        var results = new List<Measurement>();
        foreach (var benchmark in benchmarks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var measured = await benchmark.RunAsync(scale, cancellationToken);
            results.AddRange(measured);
            foreach (var measurement in measured) table.Write(measurement, benchmark);
        }

        if (json is not null) await File.WriteAllTextAsync(json, Measurement.ToJson(results), cancellationToken);
        return 0;
    }
}
