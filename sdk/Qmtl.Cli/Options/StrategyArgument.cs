using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.Cli.StrategySources;
using Qmtl.Strategies;

namespace Qmtl.Cli.Options;

/// <summary>The strategy of a command and its parameters.</summary>
internal sealed class StrategyArgument
{
    private readonly Argument<string> _strategy = new("STRATEGY") { Description = "A built-in name, file.dll:Namespace.Type, or a project folder with or without :Namespace.Type." };
    private readonly Option<string[]> _params = KeyValues.Option("--param", "NAME=VALUE", "A parameter of the strategy; repeatable.");

    public void AddTo(Command command)
    {
        command.Add(_strategy);
        command.Add(_params);
    }

    /// <summary>Finds the strategy and sets its parameters.</summary>
    public async Task<Strategy> ResolveAsync(CliRun run, CancellationToken cancellationToken) => (await FactoryAsync(run, cancellationToken))();

    /// <summary>Finds the strategy and makes it as often as it is needed, each time with its parameters set.</summary>
    public async Task<Func<Strategy>> FactoryAsync(CliRun run, CancellationToken cancellationToken)
    {
        var values = KeyValues.Read(_params, run);
        var strategy = await StrategySource.ResolveAsync(run.Get(_strategy), run.Host.Error, cancellationToken);
        _ = Usage.Of(() => strategy.With(values));
        return () => StrategyCatalog.Create(strategy.GetType()).With(values);
    }
}
