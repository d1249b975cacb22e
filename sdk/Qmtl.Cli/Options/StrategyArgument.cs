using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.Cli.StrategySources;
using Qmtl.Strategies;

namespace Qmtl.Cli.Options;

/// <summary>The strategy of a command and its parameters.</summary>
internal sealed class StrategyArgument
{
    private readonly Argument<string> _strategy = new("STRATEGY") { Description = "A built-in name, file.dll:Namespace.Type, or a project folder." };
    private readonly Option<string[]> _params = KeyValues.Option("--param", "NAME=VALUE", "A parameter of the strategy; repeatable.");

    public void AddTo(Command command)
    {
        command.Add(_strategy);
        command.Add(_params);
    }

    /// <summary>Finds the strategy and sets its parameters.</summary>
    public async Task<Strategy> ResolveAsync(CliRun run, CancellationToken cancellationToken)
    {
        var values = KeyValues.Read(_params, run);
        var strategy = await StrategySource.ResolveAsync(run.Get(_strategy), run.Host.Error, cancellationToken);
        return Usage.Of(() => strategy.With(values));
    }
}
