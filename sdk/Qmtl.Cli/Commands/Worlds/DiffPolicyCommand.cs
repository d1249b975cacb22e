using System.CommandLine;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>The options that name a candidate policy and what it is tried on.</summary>
internal sealed class CandidateOptions
{
    private readonly Option<string?> _policy = new("--policy", "-p") { Description = "Policy document, YAML or JSON; - reads it from the standard input.", HelpName = "FILE" };
    private readonly Option<int> _version = Numbers.Whole("--version", 0, "A stored version.");
    private readonly Option<string> _stage = new("--stage") { Description = "Which measurements count first.", DefaultValueFactory = _ => "backtest" };

    public CandidateOptions() => _stage.AcceptOneOf("backtest", "paper", "live");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _policy, _version, _stage }) command.Add(option);
    }

    public async Task<DiffPolicyRequest> ReadAsync(CliRun run, string world, bool required, CancellationToken cancellationToken)
    {
        var (file, version) = (run.Get(_policy), run.Get(_version));
        if (file is not null && version != 0) throw new UsageException(_policy.Name, $"{_policy.Name} and {_version.Name} exclude each other; give one of them.");
        if (required && file is null && version == 0) throw new UsageException(_policy.Name, $"{_policy.Name} FILE or {_version.Name} N is missing; give the policy to compare with the one in force.");
        var text = file is null ? "" : await TextFile.ReadAsync(run.Host, file, cancellationToken);
        return new DiffPolicyRequest { WorldId = world, Policy = text, Version = version, Stage = run.Get(_stage) };
    }

    public static Task<PolicyDiff> AskAsync(GatewayClient gateway, DiffPolicyRequest request, CancellationToken cancellationToken)
    {
        var path = $"{WorldCommands.PathOf(request.WorldId)}/policies/diff";
        var body = request.Clone();
        body.WorldId = "";
        return gateway.PostAsync<PolicyDiff>(path, body, cancellationToken);
    }
}

/// <summary>Who would enter and leave a world under another policy.</summary>
internal sealed class DiffPolicyCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly CandidateOptions _candidate = new();

    public DiffPolicyCommand(CliShell shell)
        : base(shell, "diff", "Show who would enter and leave under another policy.")
    {
        Add(_world);
        _candidate.AddTo(this);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var request = await _candidate.ReadAsync(run, run.Get(_world), required: true, cancellationToken);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var diff = await CandidateOptions.AskAsync(session.Client, request, cancellationToken);
        run.Print(diff, screen => Draw(screen, diff));
        return ExitCodes.Done;
    }

    private static void Draw(Screen screen, PolicyDiff diff)
    {
        var candidate = diff.CandidateVersion == 0 ? "the document" : $"version {Screen.Whole(diff.CandidateVersion)}";
        screen.Line($"{diff.WorldId}: {candidate} against version {Screen.Whole(diff.BaseVersion)} in force: {Screen.Whole(diff.Enters.Count)} enter, {Screen.Whole(diff.Leaves.Count)} leave, {Screen.Whole(diff.Stays.Count)} stay");
        screen.Table(
            ["strategy", "", "rank now", "rank then", "score now", "score then", "next evaluation"],
            diff.Strategies.Select(change => (IReadOnlyList<string>)
            [
                change.StrategyId, change.Change, Rank(change.Base), Rank(change.Candidate), Screen.Number(change.Base.Score) ?? "", Screen.Number(change.Candidate.Score) ?? "", change.Candidate.Code,
            ]));
        foreach (var change in diff.Strategies.Where(change => change.Change is "enters" or "leaves"))
        {
            screen.Line($"{change.StrategyId} {change.Change}:");
            ReasonTree.Draw(screen, (change.Change is "leaves" ? change.Candidate : change.Base).Reasons.Where(reason => reason.Outcome is not "pass"));
        }

        if (diff.Unmeasured.Count > 0) screen.Line($"never measured: {string.Join(", ", diff.Unmeasured)}");
        foreach (var note in diff.Notes) screen.Line($"note: {note}");
    }

    private static string Rank(PolicyStanding standing) => standing.Rank is { } rank ? Screen.Whole(rank) : "";
}
