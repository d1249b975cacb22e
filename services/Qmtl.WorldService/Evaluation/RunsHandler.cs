using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Reads runs and what became of them.</summary>
internal sealed class RunsHandler(IDatabase database)
{
    public async Task<ListEvaluationRunsResponse> ListAsync(ListEvaluationRunsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, 100, 500);
        var cursor = ReadToken(request.PageToken);
        var rows = await database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                return await RunStore.ListAsync(session, request.WorldId, request.StrategyId, request.Stage, cursor, limit + 1);
            },
            cancellationToken);
        var response = new ListEvaluationRunsResponse();
        response.Runs.Add(rows.Take(limit).Select(row => row.ToMessage()));
        if (rows.Count > limit) response.NextPageToken = WriteToken(rows[limit - 1]);
        return response;
    }

    public async Task<EvaluationRun> GetAsync(GetEvaluationRunRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return await database.ReadAsync(async session => (await FindAsync(session, request.WorldId, request.StrategyId, request.RunId)).ToMessage(), cancellationToken);
    }

    public async Task<RunMetricsResponse> GetMetricsAsync(GetEvaluationRunRequest request, Caller caller, CancellationToken cancellationToken)
    {
        var run = await GetAsync(request, caller, cancellationToken);
        if (run.Metrics is null || run.Metrics.Values.Count == 0)
        {
            throw new RefusalException(ReasonCodes.RunNotEvaluated, $"Run '{run.RunId}' has no metrics: none were given, none could be computed, and none were known from before.");
        }

        return new RunMetricsResponse { WorldId = run.WorldId, StrategyId = run.StrategyId, RunId = run.RunId, Metrics = run.Metrics };
    }

    public Task<RunHistoryResponse> GetHistoryAsync(GetEvaluationRunRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                var run = await FindAsync(session, request.WorldId, request.StrategyId, request.RunId);
                var response = new RunHistoryResponse();
                response.Revisions.Add((await RunStore.RevisionsAsync(session, run.WorldId, run.StrategyId, run.RunId)).Select(row => new RunRevision
                {
                    Revision = row.Revision,
                    ChangeType = row.ChangeType,
                    RecordedAt = Timestamp.FromDateTimeOffset(row.RecordedAt),
                    Payload = Json.Read<EvaluationRun>(row.Payload),
                }));
                return response;
            },
            cancellationToken);
    }

    /// <summary>The run; "latest" means the strategy's newest.</summary>
    public static async Task<RunRow> FindAsync(ISession session, string worldId, string strategyId, string runId)
    {
        await WorldStore.GetAsync(session, worldId);
        var row = string.Equals(runId, "latest", StringComparison.Ordinal)
            ? await RunStore.FindLatestAsync(session, worldId, strategyId)
            : await RunStore.FindAsync(session, worldId, strategyId, runId);
        return row ?? throw new RefusalException(
            ReasonCodes.RunUnknown, $"Strategy '{strategyId}' has no run '{runId}' in world '{worldId}'; list its runs with GET /worlds/{worldId}/strategies/{strategyId}/runs.");
    }

    private static string WriteToken(RunRow row) => string.Create(CultureInfo.InvariantCulture, $"{UnixTime.ToNanoseconds(row.CreatedAt)}:{row.RunId}");

    private static RunCursor ReadToken(string token)
    {
        if (token.Length == 0) return new RunCursor(UnixTime.FromNanoseconds(long.MaxValue), "");
        var colon = token.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && long.TryParse(token.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? new RunCursor(UnixTime.FromNanoseconds(at), token[(colon + 1)..])
            : throw Refuse.Field("/page_token", "must be the next_page_token of the page before");
    }
}
