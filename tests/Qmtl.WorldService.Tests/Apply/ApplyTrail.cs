using Qmtl.Messaging.Events;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.Tests.Apply;

/// <summary>What applies left behind: in the log that others follow, and in the audit.</summary>
internal static class ApplyTrail
{
    /// <summary>The stages of a run that repeated nothing.</summary>
    public static readonly string[] Straight = ["requested", "freeze", "switch", "unfreeze", "completed"];

    /// <summary>The numbers of all events of a run, in the order of the log.</summary>
    public static async Task<IReadOnlyList<int>> SequencesAsync(this IDatabase database, string world, string run)
    {
        var payloads = await database.QueryAsync<byte[]>("SELECT payload FROM bus_log WHERE topic = 'activation' AND message_key = @world ORDER BY log_offset", new { world });
        return [.. payloads.Select(payload => Json.Read<ActivationUpdated>(CloudEventEnvelope.Parse(payload).Data.ToJsonString()))
            .Where(update => update.RunId == run && update.Sequence is not null).Select(update => update.Sequence!.Value)];
    }

    /// <summary>The audited stages of a run, in the order of the chain.</summary>
    public static async Task<IReadOnlyList<string>> StagesAsync(this IDatabase database, string world, string run)
    {
        var rows = await database.QueryAsync<StageEntry>("SELECT stage, result FROM audit_log WHERE scope = @world AND event = 'apply_stage' ORDER BY seq", new { world });
        return [.. rows.Where(row => Json.Read<ApplyAck>(row.Result).RunId == run).Select(row => row.Stage)];
    }

    private sealed record StageEntry
    {
        public string Stage { get; init; } = "";

        public string Result { get; init; } = "";
    }
}
