using Grpc.Core;
using Qmtl.DagManager.Diff;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.DagManager;

internal sealed partial class DagManagerService
{
    private const int MostDiffs = 256;

    public override async Task DiffMany(DiffManyRequest request, IServerStreamWriter<DiffManyItem> responseStream, ServerCallContext context)
    {
        if (request.Diffs.Count is 0 or > MostDiffs) throw RefusalException.At(ReasonCodes.InvalidArgument, "/diffs", $"must list 1 to {MostDiffs} diffs, lists {request.Diffs.Count}");
        // Beside each other: what they write shares transactions where the store can.
        await foreach (var done in Task.WhenEach(request.Diffs.Select((diff, index) => AnswerAsync(diff, index, context.CancellationToken))))
        {
            foreach (var item in await done) await responseStream.WriteAsync(item, context.CancellationToken);
        }
    }

    private async Task<IReadOnlyList<DiffManyItem>> AnswerAsync(DiffRequest diff, int index, CancellationToken cancellation)
    {
        try
        {
            if (diff.DryRun || diff.ResumeDiffId.Length > 0) throw RefusalException.At(ReasonCodes.InvalidArgument, $"/diffs/{index}", "must be neither a dry run nor the rest of an earlier diff; call Diff");
            var plan = await engine.RunAsync(ReadSubmission(diff), dryRun: false, cancellation);
            return [.. DiffChunks.Cut(plan, Guid.CreateVersion7().ToString("N")).Select(chunk => new DiffManyItem { Index = index, Chunk = chunk })];
        }
        catch (RefusalException refusal)
        {
            return [new DiffManyItem { Index = index, RefusalCode = refusal.Code.Code, RefusalMessage = refusal.Message }];
        }
    }
}
