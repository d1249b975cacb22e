using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Cli.Commands.Worlds;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>Makes a snapshot of open positions and publishes it as its producer.</summary>
internal sealed class PositionsSnapshotCommand : CliCommand
{
    private const int StandardTtl = 900;
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _positions = new("--positions-file", "-f")
    {
        Description = "Open positions as a JSON array of strategy_id, symbol, qty, mark and, where it is not this one, world_id; - reads the standard input.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly Option<string> _actor = new("--actor") { Description = "Who publishes.", HelpName = "NAME", Required = true };
    private readonly Option<string> _stage = new("--stage") { Description = "backtest, paper or live.", HelpName = "STAGE", Required = true };
    private readonly Option<string?> _version = new("--version") { Description = "Version of the snapshot; by default the time of the figures.", HelpName = "TEXT" };
    private readonly Option<string?> _asOf = new("--as-of") { Description = "Time the positions are from, RFC 3339; by default now.", HelpName = "TIME" };
    private readonly Option<int> _ttl = Numbers.Whole("--ttl-sec", StandardTtl, "Seconds for which it counts as fresh, 1 to 86400.");

    public PositionsSnapshotCommand(CliShell shell)
        : base(shell, "snapshot-from-positions", "Publish a risk snapshot made of open positions.")
    {
        Add(_world);
        foreach (var option in new System.CommandLine.Option[] { _positions, _actor, _stage, _version, _asOf, _ttl }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        var asOf = TimeOf(run.Get(_asOf));
        var snapshot = new RiskSnapshot
        {
            WorldId = world,
            AsOf = Timestamp.FromDateTimeOffset(asOf),
            Version = run.Get(_version) ?? asOf.UtcDateTime.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture),
            TtlSec = run.Get(_ttl),
            Provenance = new SnapshotProvenance { Actor = run.Get(_actor)!, Stage = run.Get(_stage)! },
        };
        snapshot.Weights.Add(PositionWeights.Of(world, Read(await TextFile.ReadAsync(run.Host, run.Get(_positions)!, cancellationToken))));
        snapshot.Hash = PositionWeights.HashOf(snapshot);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Actor"] = snapshot.Provenance.Actor, ["X-Stage"] = snapshot.Provenance.Stage };
        var stored = await session.Client.PostAsync<RiskSnapshot>(RiskCommands.PathOf(world), snapshot, headers, cancellationToken);
        run.Print(stored, screen => RiskCommands.DrawStored(screen, stored));
        return ExitCodes.Done;
    }

    private DateTimeOffset TimeOf(string? text)
    {
        if (text is null) return TimeProvider.System.GetUtcNow();
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new UsageException(_asOf.Name, $"--as-of must be a time such as 2026-01-31T00:00:00Z, was \"{text}\".");
    }

    private static Google.Protobuf.Collections.RepeatedField<Position> Read(string text)
    {
        try
        {
            return ProtoJson.Read<MultiWorldRebalanceRequest>($$"""{"positions":{{text}}}""").Positions;
        }
        catch (Exception problem) when (problem is JsonException or ProtoJsonException)
        {
            throw RefusalException.At(ReasonCodes.InvalidJson, "/positions_file", $"The file is no list of positions: {problem.Message}");
        }
    }
}
