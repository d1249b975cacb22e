using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService.Audit;

/// <summary>Writes into the audit who was refused what: an attempt on a world is worth knowing even where it failed.</summary>
/// <remarks>A refused transaction leaves nothing behind, so this is a write of its own; and one that a caller can cause at will, so it is bounded.</remarks>
internal sealed partial class RefusedMutations(IDatabase database, TimeProvider clock, ILogger<RefusedMutations> logger) : IRefusedCalls
{
    public const string Event = "refused";

    /// <summary>Entries in one minute; what comes beyond is counted, and the next entry says how many.</summary>
    public const int PerMinute = 600;

    private const int MaxRequestBytes = 16 * 1024;
    private const string Service = "/qmtl.v1.WorldService/";

    private readonly Lock _gate = new();
    private DateTimeOffset _minute;
    private int _written;
    private int _skipped;

    public async Task NoteAsync(string method, IMessage request, ServerCallContext context, RefusalException refusal)
    {
        if (!IsMutation(method) || refusal.Code == ReasonCodes.NotImplemented || !TryTake(out var skipped)) return;
        try
        {
            await WriteAsync(method[Service.Length..], request, Caller.From(context), refusal, skipped);
        }
        catch (Exception error)
        {
            // The caller hears the refusal either way; what is lost here stands in the log.
            LogLost(logger, error, method, refusal.Code.Code);
        }
    }

    private static bool IsMutation(string method) => method.StartsWith(Service, StringComparison.Ordinal) && Mutations.Names.Contains(method[Service.Length..]);

    private bool TryTake(out int skipped)
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            if (now - _minute >= TimeSpan.FromMinutes(1)) (_minute, _written) = (now, 0);
            skipped = 0;
            if (_written >= PerMinute)
            {
                _skipped++;
                return false;
            }

            _written++;
            (skipped, _skipped) = (_skipped, 0);
            return true;
        }
    }

    private Task WriteAsync(string rpc, IMessage request, Caller caller, RefusalException refusal, int skipped) => database.WriteAsync(async unit =>
    {
        var named = request.Descriptor.FindFieldByName("world_id")?.Accessor.GetValue(request) as string ?? "";
        // A chain begins with the creation of its world; what asks for one that never was belongs to none.
        var world = named.Length > 0 && await unit.FirstOrDefaultAsync<string>("SELECT world_id FROM ws_worlds WHERE world_id = @named", new { named }) is { } known ? known : null;
        await unit.AuditAsync(new AuditEntry(caller.Subject, Event)
        {
            WorldId = world,
            CorrelationId = caller.CorrelationId,
            Request = Json.Write(Asked(rpc, request)),
            Result = Json.Write(Answer(refusal, skipped)),
        });
    });

    private static Struct Asked(string rpc, IMessage request)
    {
        var asked = new Struct { Fields = { ["rpc"] = Value.ForString(rpc) } };
        var size = request.CalculateSize();
        if (size <= MaxRequestBytes) asked.Fields["request"] = Value.ForStruct(Struct.Parser.ParseJson(Json.Write(request)));
        else asked.Fields["request_bytes"] = Value.ForNumber(size);
        return asked;
    }

    private static Struct Answer(RefusalException refusal, int skipped)
    {
        var answer = new Struct { Fields = { ["code"] = Value.ForString(refusal.Code.Code), ["detail"] = Value.ForString(refusal.Detail) } };
        if (refusal.Errors.Count > 0) answer.Fields["fields"] = Value.ForList([.. refusal.Errors.Select(error => Value.ForString(error.Pointer))]);
        if (skipped > 0) answer.Fields["refusals_not_recorded_before"] = Value.ForNumber(skipped);
        return answer;
    }

    [LoggerMessage(1, LogLevel.Warning, "The refusal of {Method} with {Code} could not be written into the audit.")]
    private static partial void LogLost(ILogger logger, Exception error, string method, string code);
}
