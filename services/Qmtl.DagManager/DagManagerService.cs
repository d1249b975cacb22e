using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Qmtl.DagManager.Diff;
using Qmtl.DagManager.Graph;
using Qmtl.DagManager.Leases;
using Qmtl.DagManager.Snapshots;
using Qmtl.DagManager.TagQueries;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.DagManager;

/// <summary>The rpcs: reads a request, calls the capability, writes the answer.</summary>
[ServicesOnly]
internal sealed partial class DagManagerService(IDatabase database, GraphIndex index, DiffEngine engine, DiffAcknowledgements acknowledgements, TagQueryHandler queries, SubgraphReader subgraphs, SnapshotHandler snapshots, LeaseHandler leases) : V1.DagManager.DagManagerBase
{
    private const string FirstVersion = "v1";

    public override async Task Diff(DiffRequest request, IServerStreamWriter<DiffChunk> responseStream, ServerCallContext context)
    {
        var submission = ReadSubmission(request);
        var plan = await engine.RunAsync(submission, request.DryRun, context.CancellationToken);
        var diffId = request.ResumeDiffId.Length > 0 ? request.ResumeDiffId : Guid.CreateVersion7().ToString("N");
        foreach (var chunk in DiffChunks.Cut(plan, diffId).Skip(acknowledgements.Begin(diffId)))
        {
            if (!await acknowledgements.MaySendAsync(diffId, chunk.ChunkId, context.CancellationToken))
            {
                throw new RefusalException(
                    ReasonCodes.Unavailable,
                    $"The reader acknowledged nothing for 30 s; chunk {chunk.ChunkId} waits. Acknowledge with AckChunk and resume with resume_diff_id \"{diffId}\".");
            }

            await responseStream.WriteAsync(chunk, context.CancellationToken);
        }

        acknowledgements.End(diffId);
    }

    public override Task<ChunkAck> AckChunk(ChunkAck request, ServerCallContext context)
    {
        acknowledgements.Acknowledge(request.DiffId, request.ChunkId);
        return Task.FromResult(request);
    }

    public override async Task<GetQueuesResponse> GetQueues(GetQueuesRequest request, ServerCallContext context)
    {
        var query = TagQuery.Parse(request.Tags, request.Interval, request.MatchMode, request.WorldId, request.ExecutionDomain);
        return await queries.FindAsync(query, request.MinRevision, context.CancellationToken);
    }

    [AllowAnonymous]
    public override async Task<DagManagerStatus> Status(Empty request, ServerCallContext context)
    {
        var version = typeof(DagManagerService).Assembly.GetName().Version?.ToString(3) ?? "";
        try
        {
            await index.FreshAsync(await database.ReadAsync(GraphReader.RevisionAsync, context.CancellationToken), context.CancellationToken);
            var (nodes, topics) = index.Read(0, static (graph, _) => (graph.NodeCount, graph.QueueCount));
            return new DagManagerStatus { Status = "ok", Graph = "ok", Broker = "ok", ComputeNodes = nodes, Queues = topics, Version = version };
        }
        catch (StorageException)
        {
            // The log is in the same store: when that is gone, both are.
            return new DagManagerStatus { Status = "degraded", Graph = "error", Broker = "error", Version = version };
        }
    }

    private static DiffSubmission ReadSubmission(DiffRequest request)
    {
        if (request.StrategyId.Length == 0)
            throw new RefusalException(ReasonCodes.InvalidArgument, "strategy_id is missing.", [new FieldError("/strategy_id", "must name the strategy")]);
        var domain = ExecutionModes.ParseDomain(request.ExecutionDomain);
        if (request.ExecutionDomain.Length > 0 && domain is null)
        {
            throw new RefusalException(
                ReasonCodes.InvalidArgument,
                $"execution_domain must be backtest, dryrun, live or shadow, was \"{request.ExecutionDomain}\".",
                [new FieldError("/execution_domain", "must be backtest, dryrun, live or shadow")]);
        }

        using var document = CanonicalJson.Parse(request.DagJson.Memory);
        var nodes = NodeDocument.ReadSubmission(document.RootElement);
        var check = SubmissionCheck.Inspect(nodes, Crc32.OfNodeIds(nodes.Select(node => node.NodeId ?? "")));
        check.ThrowIfRefused();
        var context = new Identity.ComputeContext(request.WorldId, domain ?? ExecutionDomain.Backtest, request.AsOf, request.Partition, request.DatasetFingerprint);
        Activity.Current?.SetTag("strategy_id", request.StrategyId).SetTag("world_id", request.WorldId);
        NodeSpec[] sorted = [.. check.Graph.Order.Select(index => check.Nodes[index]).Where(node => !node.IsSentinel)];
        return new DiffSubmission(request.StrategyId, sorted, context, FirstVersion);
    }
}
