using System.Globalization;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Audit;

/// <summary>Verifies the audit of a world, and gives it out so that others can.</summary>
internal sealed class AuditChainHandler(IDatabase database, IAuditLog log)
{
    private const int StandardPage = 500;

    public async Task<AuditVerification> VerifyAsync(VerifyAuditRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var anchor = ReadAnchor(request);
        await RequireWorldAsync(request.WorldId, cancellationToken);
        var verdict = await log.VerifyAsync(request.WorldId, anchor, cancellationToken);
        // A world's first entry tells of its creation; without any, the whole chain is gone.
        var gone = verdict is { Intact: true, Entries: 0 };
        return new AuditVerification
        {
            WorldId = request.WorldId,
            Ok = verdict.Intact && !gone,
            Entries = verdict.Entries,
            HeadHash = verdict.HeadHash,
            BrokenEntry = gone || !verdict.Intact ? string.Create(CultureInfo.InvariantCulture, $"{request.WorldId}:{verdict.BrokenAt ?? 1}") : "",
            Reason = gone ? "The chain is empty, although the world was created." : verdict.Reason ?? "",
        };
    }

    public async Task<ExportAuditResponse> ExportAsync(ExportAuditRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        if (request.After < 0) throw Refuse.Field("/after", string.Create(CultureInfo.InvariantCulture, $"must be the sequence of an entry, or 0; was {request.After}"));
        var limit = Refuse.Limit(request.Limit, StandardPage, AuditQuery.MaxLimit);
        await RequireWorldAsync(request.WorldId, cancellationToken);
        var page = await log.QueryAsync(new AuditQuery { WorldId = request.WorldId, Ascending = true, Cursor = request.After, Limit = limit }, cancellationToken);
        var response = new ExportAuditResponse { More = page.NextCursor is not null };
        response.Entries.Add(page.Records.Select(ToLink));
        return response;
    }

    private static AuditAnchor? ReadAnchor(VerifyAuditRequest request)
    {
        if (request.AnchorSequence == 0 && request.AnchorHash.Length == 0) return null;
        return AuditAnchor.Parse(string.Create(CultureInfo.InvariantCulture, $"{request.AnchorSequence}:{request.AnchorHash}"))
            ?? throw Refuse.Field("/anchor_hash", "must be 64 hex digits, with anchor_sequence from 1 beside it");
    }

    private async Task RequireWorldAsync(string worldId, CancellationToken cancellationToken)
    {
        // The audit of a deleted world stays readable: that is what it is kept for.
        if (await database.ReadAsync(session => WorldStore.FindAsync(session, worldId), cancellationToken) is null) throw Refuse.WorldUnknown(worldId);
    }

    private static AuditLink ToLink(AuditRecord record) => new()
    {
        Sequence = record.Sequence,
        AtNs = record.AtNanoseconds.ToString(CultureInfo.InvariantCulture),
        WorldId = record.Entry.WorldId,
        Actor = record.Entry.Actor,
        Event = record.Entry.Event,
        Stage = record.Entry.Stage,
        CorrelationId = record.Entry.CorrelationId,
        Request = record.Entry.Request,
        Result = record.Entry.Result,
        PreviousHash = record.PreviousHash,
        Hash = record.Hash,
    };
}
