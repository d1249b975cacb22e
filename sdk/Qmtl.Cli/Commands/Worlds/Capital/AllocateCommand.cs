using System.CommandLine;
using System.Text.Json.Nodes;
using Google.Protobuf.Collections;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.V1;
using Struct = Google.Protobuf.WellKnownTypes.Struct;
using Value = Google.Protobuf.WellKnownTypes.Value;

namespace Qmtl.Cli.Commands.Worlds.Capital;

/// <summary>Proposes how to share a world's capital out over its strategies and, when asked to, sets the shares.</summary>
internal sealed class AllocateCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _method = new("--method", "-m")
    {
        Description = "equal, inverse_volatility, risk_parity, minimum_variance, mean_variance or hierarchical_risk_parity.",
        HelpName = "M",
        DefaultValueFactory = _ => "risk_parity",
    };

    private readonly Option<string?> _data = new("--data") { Description = "Further fields of the request as JSON: series, covariance, constraints; - reads the standard input.", HelpName = "FILE" };
    private readonly Option<bool> _apply = new("--apply") { Description = "Set the shares proposed." };
    private readonly Option<string?> _run = new("--run-id") { Description = "Id of the run that sets them.", HelpName = "ID" };
    private readonly Option<double?> _equity = Numbers.OptionalDouble("--total-equity", "Total equity in account currency.");

    private readonly Option<double?> _share = Numbers.OptionalDouble("--share", "With --apply: the world's share of total equity, 0 to 1; as last set unless given.");

    public AllocateCommand(CliShell shell)
        : base(shell, "allocate", "Propose how to share a world's capital out.")
    {
        Add(_world);
        foreach (var option in new Option[] { _method, _data, _apply, _run, _equity, _share }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        if (run.Get(_apply) && (run.Get(_run) is null || run.Get(_equity) is null)) throw new UsageException(_apply.Name, "--apply needs --run-id and --total-equity.");
        if (run.Get(_share) is { } share && (!run.Get(_apply) || share is not (>= 0 and <= 1))) throw new UsageException(_share.Name, "--share goes with --apply and is 0 to 1.");
        var request = await RequestAsync(run, cancellationToken);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var proposal = await session.Client.PostAsync<ProposeAllocationResponse>($"{WorldCommands.PathOf(world)}/allocations/propose", request, "application/json", cancellationToken);
        if (!run.Get(_apply))
        {
            run.Print(proposal, screen => Draw(screen, proposal, proposal.StrategyAllocTotal));
            return ExitCodes.Done;
        }

        // Without shares the world's strategies would be left with none.
        if (proposal.Weights.Count == 0 || proposal.Weights.Values.Any(weight => weight < 0))
            throw new RefusalException(ReasonCodes.AllocationData, $"The proposal cannot be set: a share is 0 or above. {string.Join(' ', proposal.Warnings)}".TrimEnd());
        var post = new PostAllocationsRequest { RunId = run.Get(_run)!, TotalEquity = run.Get(_equity)!.Value };
        var whole = run.Get(_share) ?? await ShareAsync(session.Client, world, cancellationToken);
        post.WorldAllocations[world] = whole;
        var shares = new Struct();
        foreach (var (strategy, weight) in proposal.Weights) shares.Fields[strategy] = Value.ForNumber(weight * whole);
        post.StrategyAllocAfterTotal[world] = shares;
        var set = await session.Client.PostAsync<PostAllocationsResponse>("allocations", post, cancellationToken);
        run.Print(
            () => new JsonObject { ["proposal"] = JsonText.Of(proposal), ["allocation"] = JsonText.Of(set) },
            screen =>
            {
                Draw(screen, proposal, set.Allocations.Single(row => row.WorldId == world).StrategyAllocTotal);
                screen.Line($"set by run {set.RunId}; take it back with: qmtl world allocation-rollback {set.RunId} --run-id ID");
            });
        return ExitCodes.Done;
    }

    private static async Task<double> ShareAsync(GatewayClient gateway, string world, CancellationToken cancellationToken)
    {
        var current = await gateway.FindAsync<GetAllocationsResponse>($"allocations?world_id={Uri.EscapeDataString(world)}", cancellationToken);
        return current is not null && current.Allocations.TryGetValue(world, out var snapshot)
            ? snapshot.Allocation
            : throw new RefusalException(ReasonCodes.AllocationUnknown, $"World '{world}' has no share of the total equity yet; give it one with --share.");
    }

    private async Task<string> RequestAsync(CliRun run, CancellationToken cancellationToken)
    {
        var document = new JsonObject();
        if (run.Get(_data) is { } file)
        {
            try
            {
                document = JsonNode.Parse(await TextFile.ReadAsync(run.Host, file, cancellationToken)) as JsonObject ?? throw new UsageException(_data.Name, $"{file} must hold a JSON object.");
            }
            catch (System.Text.Json.JsonException error)
            {
                throw new UsageException(_data.Name, $"{file} is not JSON: {error.Message}");
            }
        }

        document["method"] = run.Get(_method);
        if (run.Get(_share) is { } share) document["world_share"] = share;
        return document.ToJsonString();
    }

    private static void Draw(Screen screen, ProposeAllocationResponse proposal, MapField<string, double> shares)
    {
        screen.Line($"{proposal.WorldId}: {proposal.Method} from {proposal.Source}");
        screen.Table(
            ["strategy", "weight", "of variance", "of total equity"],
            proposal.Weights.OrderBy(weight => weight.Key, StringComparer.Ordinal).Select(weight => (IReadOnlyList<string>)
            [
                weight.Key,
                Screen.Percent(weight.Value)!,
                proposal.RiskContributions.TryGetValue(weight.Key, out var contribution) ? Screen.Percent(contribution)! : "",
                shares.TryGetValue(weight.Key, out var share) ? Screen.Percent(share)! : "",
            ]));
        screen.Fields(
            ("volatility per period", Screen.Percent(proposal.Volatility)),
            ("effective strategies", Screen.Number(proposal.EffectiveStrategies)),
            ("turnover", Screen.Percent(proposal.Turnover)),
            ("observations", proposal.Diagnostics.Observations > 0 ? Screen.Whole(proposal.Diagnostics.Observations) : null));
        foreach (var warning in proposal.Warnings) screen.Line($"  note: {warning}");
    }
}
