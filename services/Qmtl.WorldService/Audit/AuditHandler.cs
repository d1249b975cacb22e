using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Audit;

/// <summary>Lists what was done to a world.</summary>
internal sealed class AuditHandler(IDatabase database, IAuditLog log)
{
    public async Task<ListAuditResponse> ListAsync(ListAuditRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, 100, 500);
        var cursor = ReadToken(request.PageToken);
        // The audit of a deleted world stays readable: that is what it is kept for.
        if (await database.ReadAsync(session => WorldStore.FindAsync(session, request.WorldId), cancellationToken) is null) throw Refuse.WorldUnknown(request.WorldId);

        var response = new ListAuditResponse();
        var since = request.Since?.ToDateTimeOffset();
        while (response.Entries.Count < limit)
        {
            var page = await log.QueryAsync(
                new AuditQuery { WorldId = request.WorldId, Event = request.Event.Length == 0 ? null : request.Event, Cursor = cursor, Limit = limit }, cancellationToken);
            foreach (var record in page.Records)
            {
                // Newest first: nothing behind this is younger.
                if (record.At < since) return response;
                cursor = record.Sequence;
                if (request.Actor.Length > 0 && !string.Equals(record.Entry.Actor, request.Actor, StringComparison.Ordinal)) continue;
                response.Entries.Add(ToMessage(record));
                if (response.Entries.Count == limit) break;
            }

            if (page.NextCursor is null && cursor == (page.Records.Count == 0 ? cursor : page.Records[^1].Sequence)) return response;
        }

        response.NextPageToken = cursor?.ToString(CultureInfo.InvariantCulture) ?? "";
        return response;
    }

    private static long? ReadToken(string token)
    {
        if (token.Length == 0) return null;
        return long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var cursor) ? cursor : throw Refuse.Field("/page_token", "must be the next_page_token of the page before");
    }

    private static V1.AuditEntry ToMessage(AuditRecord record) => new()
    {
        Id = record.Id,
        WorldId = record.Entry.WorldId ?? "",
        Actor = record.Entry.Actor,
        Event = record.Entry.Event,
        Request = record.Entry.Request is { } request ? Struct.Parser.ParseJson(request) : null,
        Result = record.Entry.Result is { } result ? Struct.Parser.ParseJson(result) : null,
        Ts = Timestamp.FromDateTimeOffset(record.At),
        CorrelationId = record.Entry.CorrelationId ?? "",
        Stage = record.Entry.Stage ?? "",
        PreviousHash = record.PreviousHash,
        Hash = record.Hash,
    };
}
