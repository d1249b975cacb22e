using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Strategies;

namespace Qmtl.Cli.Commands;

/// <summary>The strategies that come with QMTL.</summary>
internal sealed class StrategiesCommand(CliShell shell) : CliCommand(shell, "strategies", "List the built-in strategies and their parameters.")
{
    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        run.Print(
            () => new JsonObject { ["strategies"] = new JsonArray([.. StrategyCatalog.All.Select(Document)]) },
            screen =>
            {
                foreach (var strategy in StrategyCatalog.All)
                {
                    screen.Line($"{strategy.Name}: {strategy.Description}");
                    screen.Fields(strategy.Parameters.Select(parameter => (parameter.Name, (string?)$"{parameter.Range}, default {parameter.Default}. {parameter.Description}")));
                }
            });
        return Task.FromResult(ExitCodes.Done);
    }

    private static JsonObject Document(StrategyEntry strategy) => new()
    {
        ["name"] = strategy.Name,
        ["description"] = strategy.Description,
        ["params"] = new JsonArray([.. strategy.Parameters.Select(parameter => new JsonObject
        {
            ["name"] = parameter.Name,
            ["type"] = parameter.Type,
            ["default"] = parameter.Default,
            ["range"] = parameter.Range,
            ["description"] = parameter.Description,
        })]),
    };
}
