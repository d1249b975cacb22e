using System.CommandLine;
using System.Text.Json;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Makes a new active set take effect in two phases, and shows how it goes.</summary>
internal sealed class ApplyWorldCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _run = new("--run-id", "-r") { Description = "Id of the run; repeating one shows how it stands.", HelpName = "ID", Required = true };
    private readonly Option<string?> _plan = new("--plan") { Description = "Who changes: activate=a,b;deactivate=c. Without it the policy selects.", HelpName = "PLAN" };
    private readonly Option<string?> _planFile = new("--plan-file") { Description = "The same in JSON: {\"activate\": [...], \"deactivate\": [...]}; - reads the standard input. Instead of --plan.", HelpName = "FILE" };
    private readonly Option<string?> _gating = new("--gating") { Description = "Gating policy in JSON.", HelpName = "FILE" };
    private readonly Option<string?> _etag = new("--etag") { Description = "Etag of the decisions the plan was made against.", HelpName = "ETAG" };
    private readonly ApplyProgress _progress = new();

    public ApplyWorldCommand(CliShell shell)
        : base(shell, "apply", "Make a new active set take effect: freeze, switch, unfreeze.")
    {
        Add(_world);
        foreach (var option in new Option[] { _run, _plan, _planFile, _gating, _etag }) Add(option);
        _progress.AddTo(this);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        var request = new ApplyRequest { RunId = run.Get(_run)!, Etag = run.Get(_etag) ?? "", WaitMs = 0 };
        if (await PlanAsync(run, cancellationToken) is { } plan) request.Plan = plan;
        if (run.Get(_gating) is { } file) request.GatingPolicy = await ReadAsync(file, cancellationToken);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        if (request.Plan is { } named) request.Plan = await WithIdsAsync(session, world, named, cancellationToken);
        await session.Client.PostLiveAsync<ApplyAck>($"{WorldCommands.PathOf(world)}/apply", request, cancellationToken);
        return await _progress.FollowAsync(run, session.Client, world, request.RunId, cancellationToken);
    }

    private async Task<ApplyPlan?> PlanAsync(CliRun run, CancellationToken cancellationToken)
    {
        var (text, file) = (run.Get(_plan), run.Get(_planFile));
        if (text is not null && file is not null) throw new UsageException(_planFile.Name, "--plan and --plan-file exclude each other; write the plan in one of them.");
        return text is not null ? PlanText.Read(text) : file is not null ? PlanText.Parse(await TextFile.ReadAsync(run.Host, file, cancellationToken), file) : null;
    }

    private static async Task<ApplyPlan> WithIdsAsync(GatewaySession session, string world, ApplyPlan plan, CancellationToken cancellationToken)
    {
        var resolved = new ApplyPlan();
        foreach (var strategy in plan.Activate) resolved.Activate.Add(await session.StrategyAsync(world, strategy, "--plan", cancellationToken));
        foreach (var strategy in plan.Deactivate) resolved.Deactivate.Add(await session.StrategyAsync(world, strategy, "--plan", cancellationToken));
        return resolved;
    }

    private static async Task<GatingPolicy> ReadAsync(string file, CancellationToken cancellationToken)
    {
        if (!File.Exists(file)) throw new UsageException("--gating", $"there is no file {file}");
        try
        {
            return ProtoJson.Read<GatingPolicy>(await File.ReadAllTextAsync(file, cancellationToken));
        }
        catch (Exception problem) when (problem is JsonException or ProtoJsonException)
        {
            throw new UsageException("--gating", $"{file} is no gating policy in JSON: {problem.Message}");
        }
    }
}

/// <summary>A plan as it is written on a command line or in a file.</summary>
internal static class PlanText
{
    /// <summary>Reads a plan in JSON.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static ApplyPlan Parse(string json, string file)
    {
        try
        {
            return ProtoJson.Read<ApplyPlan>(json);
        }
        catch (Exception problem) when (problem is JsonException or ProtoJsonException)
        {
            throw new UsageException("--plan-file", $"{file} is no plan in JSON: {problem.Message}");
        }
    }

    /// <summary>Reads <c>activate=a,b;deactivate=c</c>; either part may be missing.</summary>
    public static ApplyPlan Read(string text)
    {
        var plan = new ApplyPlan();
        foreach (var part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (name, ids) = part.Split('=', 2) is [var left, var right] ? (left.Trim(), right.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)) : (part, []);
            switch (name)
            {
                case "activate":
                    plan.Activate.Add(ids);
                    break;
                case "deactivate":
                    plan.Deactivate.Add(ids);
                    break;
                default:
                    throw new UsageException("--plan", $"'{part}' is neither activate=... nor deactivate=...; separate the two with ';'");
            }
        }

        return plan;
    }
}
