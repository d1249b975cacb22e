using System.CommandLine;
using Qmtl.Identity;

namespace Qmtl.Cli.Shell;

/// <summary>A command that does something. Whatever goes wrong becomes one line and an exit code.</summary>
internal abstract class CliCommand : Command
{
    private readonly CliShell _shell;

    protected CliCommand(CliShell shell, string name, string description)
        : base(name, description)
    {
        _shell = shell;
        SetAction(GuardAsync);
    }

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    protected abstract Task<int> RunAsync(CliRun run, CancellationToken cancellationToken);

    private async Task<int> GuardAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var problems = new ProblemReport(_shell.Host, _shell.WantsJson(parse));
        try
        {
            return await RunAsync(new CliRun(_shell, parse), cancellationToken);
        }
        catch (UsageException problem)
        {
            return problems.Write(problem.Refusal, ExitCodes.Usage, $"see: qmtl {PathOf(parse)} --help");
        }
        catch (RefusalException refusal)
        {
            return problems.Write(refusal, ExitCodes.Of(refusal.Code));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return problems.Write(new RefusalException(ReasonCodes.Cancelled, "Interrupted."), ExitCodes.Interrupted);
        }
        catch (Exception unexpected)
        {
            // Nobody is helped by a stack trace in a shell; the type says enough to report it.
            return problems.Write(new RefusalException(ReasonCodes.Internal, $"{unexpected.GetType().Name}: {unexpected.Message}"), ExitCodes.Failed);
        }
    }

    private static string PathOf(ParseResult parse)
    {
        var names = new Stack<string>();
        for (var result = parse.CommandResult; result?.Parent is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult) names.Push(result.Command.Name);
        return string.Join(' ', names);
    }
}
