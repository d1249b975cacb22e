using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Campaigns;

/// <summary>Takes the steps of a campaign again and again. A lease in the world's own database keeps a second loop out, on whatever machine.</summary>
internal sealed class CampaignLoopCommand : CliCommand
{
    // The lease outlives a few lost renewals, and a loop that was killed keeps others out no longer than that.
    private const int LeaseSeconds = 180;
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(60);

    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _strategy = CampaignCommands.Strategy();
    private readonly Option<int> _interval = new("--interval-sec") { Description = "Seconds between two rounds.", HelpName = "N", DefaultValueFactory = _ => 3_600 };
    private readonly Option<int?> _rounds = new("--max-iterations") { Description = "Stop after this many rounds.", HelpName = "N" };
    private readonly Option<bool> _evaluate = CampaignCommands.Evaluate();
    private readonly Option<bool> _live = CampaignCommands.Live();

    public CampaignLoopCommand(CliShell shell)
        : base(shell, "campaign-loop", "Take the steps of a campaign at intervals until interrupted.")
    {
        Add(_world);
        foreach (var option in new Option[] { _strategy, _interval, _rounds, _evaluate, _live }) Add(option);
        _interval.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 86_400) result.AddError("--interval-sec must be 1 to 86400.");
        });
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var (gateway, world) = (session.Client, run.Get(_world));
        var holder = $"{Environment.MachineName}:{Environment.ProcessId}:{Guid.CreateVersion7():N}";
        var runner = new CampaignRunner(gateway, world, run.Get(_strategy) ?? "", run.Get(_evaluate), run.Get(_live));
        await LeaseAsync(gateway, world, holder, cancellationToken);
        try
        {
            for (var round = 1; ; round++)
            {
                await RoundAsync(run, runner, holder, cancellationToken);
                if (round == run.Get(_rounds)) return ExitCodes.Done;
                await WaitAsync(gateway, world, holder, TimeSpan.FromSeconds(run.Get(_interval)), cancellationToken);
            }
        }
        finally
        {
            await ReleaseAsync(gateway, world, holder);
        }
    }

    /// <summary>One round, one line. A Gateway that is away is asked again in the next one.</summary>
    private static async Task RoundAsync(CliRun run, CampaignRunner runner, string holder, CancellationToken cancellationToken)
    {
        try
        {
            var execution = await runner.RunAsync(holder, cancellationToken);
            if (run.Json) await run.Host.Out.WriteLineAsync(JsonText.Of(execution)!.ToJsonString());
            else await run.Host.Out.WriteLineAsync(CampaignTables.Summary(execution));
            await run.Host.Out.FlushAsync(cancellationToken);
        }
        catch (RefusalException refusal) when (IsPassing(refusal))
        {
            await run.Host.Error.WriteLineAsync($"[{refusal.Code.Code}] {refusal.Message}");
        }
    }

    private static async Task WaitAsync(GatewayClient gateway, string world, string holder, TimeSpan interval, CancellationToken cancellationToken)
    {
        for (var left = interval; left > TimeSpan.Zero; left -= Renewal)
        {
            await Task.Delay(left < Renewal ? left : Renewal, cancellationToken);
            try
            {
                await LeaseAsync(gateway, world, holder, cancellationToken);
            }
            catch (RefusalException refusal) when (IsPassing(refusal))
            {
                // The lease lasts three times as long as this interval; if it is lost, the next round is refused.
            }
        }
    }

    private static Task<CampaignLease> LeaseAsync(GatewayClient gateway, string world, string holder, CancellationToken cancellationToken) =>
        gateway.PostAsync<CampaignLease>($"{WorldCommands.PathOf(world)}/campaign/lease", new LeaseCampaignRequest { Holder = holder, TtlSec = LeaseSeconds }, cancellationToken);

    private static async Task ReleaseAsync(GatewayClient gateway, string world, string holder)
    {
        try
        {
            await gateway.DeleteAsync($"{WorldCommands.PathOf(world)}/campaign/lease?holder={Uri.EscapeDataString(holder)}", CancellationToken.None);
        }
        catch (RefusalException)
        {
            // It ends by itself; why the loop stopped is what counts.
        }
    }

    private static bool IsPassing(RefusalException refusal) => refusal.Code.HttpStatus is 503 or 504;
}
