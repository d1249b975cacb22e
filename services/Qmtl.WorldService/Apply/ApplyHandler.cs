using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Apply;

/// <summary>Applies, rolls back, and reads the record of both.</summary>
internal sealed class ApplyHandler(IDatabase database, ApplyEngine engine, ApplyDriver driver, TimeProvider clock)
{
    private const string Latest = "latest";

    public Task<ApplyAck> ApplyAsync(ApplyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        return engine.StartAsync(request, caller, grant: null, cancellationToken);
    }

    public Task<ApplyAck> RollbackAsync(RollbackRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        return engine.RollbackAsync(request, caller, cancellationToken);
    }

    public Task<ApplyRun> GetAsync(GetApplyRunRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var run = request.RunId is Latest ? await ApplyStore.LatestAsync(session, request.WorldId) : await ApplyStore.FindAsync(session, request.WorldId, request.RunId);
                if (run is null) throw ApplyEngine.Unknown(request.WorldId, request.RunId);
                var message = run.ToMessage(detailed: true);
                var missing = await driver.MissingAsync(session, run, clock.GetUtcNow());
                message.AcksReceived = (int)await ApplyStore.AckCountAsync(session, run.WorldId, run.RunId, run.LastSequence);
                message.AcksExpected = message.AcksReceived + missing.Count;
                message.WaitingFor.Add(missing);
                return message;
            },
            cancellationToken);
    }

    public Task<ListApplyRunsResponse> ListAsync(ListApplyRunsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, 20, 200);
        if (request.Before < 0) throw Refuse.Field("/before", $"must be the number of a run, was {request.Before}");
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var response = new ListApplyRunsResponse();
                response.Runs.Add((await ApplyStore.ListAsync(session, request.WorldId, request.Before, limit)).Select(run => run.ToMessage(detailed: false)));
                return response;
            },
            cancellationToken);
    }
}
