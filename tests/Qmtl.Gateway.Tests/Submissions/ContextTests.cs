using Qmtl.Gateway.Contexts;
using Qmtl.Gateway.Submissions;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Submissions;

public sealed class ContextTests
{
    private static readonly ContextHints Pinned = new("2026-01-01T00:00:00Z", "p1", "sha256:f");

    [Theory]
    [InlineData("validate", ExecutionDomain.Backtest)]
    [InlineData("compute-only", ExecutionDomain.Backtest)]
    [InlineData("paper", ExecutionDomain.Dryrun)]
    [InlineData("live", ExecutionDomain.Live)]
    [InlineData("shadow", ExecutionDomain.Shadow)]
    public void Derive_FreshDecision_TakesTheDomainOfItsMode(string mode, ExecutionDomain expected)
    {
        var context = ContextRules.Derive("w", Fresh(mode), Pinned);

        Assert.Equal((expected, false, false), (context.Domain, context.Downgraded, context.SafeMode));
        var pinned = expected is ExecutionDomain.Backtest or ExecutionDomain.Dryrun;
        Assert.Equal(pinned ? (Pinned.AsOf, Pinned.DatasetFingerprint) : (null, null), (context.AsOf, context.DatasetFingerprint));
    }

    [Theory]
    [InlineData("validate")]
    [InlineData("paper")]
    public void Derive_NotPinned_FallsBackToABacktest(string mode)
    {
        var context = ContextRules.Derive("w", Fresh(mode), new ContextHints(null, null, null));

        Assert.Equal((ExecutionDomain.Backtest, DowngradeReason.MissingAsOf, true), (context.Domain, context.DowngradeReason, context.SafeMode));
    }

    [Theory]
    [InlineData("live", true, DowngradeReason.StaleDecision)]
    [InlineData("no such mode", false, DowngradeReason.DecisionUnavailable)]
    [InlineData(null, true, DowngradeReason.DecisionUnavailable)]
    public void Derive_StaleUnknownOrMissing_IsASafeBacktest(string? mode, bool stale, DowngradeReason reason)
    {
        var reading = new DecisionReading(mode is null ? null : new DecisionEnvelope { EffectiveMode = mode }, stale);

        var context = ContextRules.Derive("w", reading, Pinned);

        Assert.Equal((ExecutionDomain.Backtest, reason, true, true), (context.Domain, context.DowngradeReason, context.Downgraded, context.SafeMode));
    }

    [Fact]
    public void Next_EveryEventInEveryState_FollowsTheTable()
    {
        var allowed =
            from status in Enum.GetValues<SubmissionStatus>()
            from happened in Enum.GetValues<SubmissionEvent>()
            let next = SubmissionStates.Next(status, happened)
            where next is not null
            select (status, happened, next.Value);

        Assert.Equal(
            [
                (SubmissionStatus.Queued, SubmissionEvent.Process, SubmissionStatus.Processing),
                (SubmissionStatus.Processing, SubmissionEvent.Process, SubmissionStatus.Processing),
                (SubmissionStatus.Processing, SubmissionEvent.Complete, SubmissionStatus.Completed),
                (SubmissionStatus.Processing, SubmissionEvent.Fail, SubmissionStatus.Failed),
                (SubmissionStatus.Failed, SubmissionEvent.Retry, SubmissionStatus.Processing),
            ],
            allowed);
    }

    [Fact]
    public void AttemptFailure_OnlyRefusalsOfTheSubmission_AreFinal()
    {
        Assert.True(AttemptFailure.Of(new RefusalException(ReasonCodes.WorldUnknown, "x")).IsFinal);
        Assert.True(AttemptFailure.Of(new Grpc.Core.RpcException(new Grpc.Core.Status(Grpc.Core.StatusCode.InvalidArgument, ""))).IsFinal);
        Exception[] passing =
        [
            new RefusalException(ReasonCodes.Unavailable, "x"), new RefusalException(ReasonCodes.RateLimit, "x"), new RefusalException(ReasonCodes.Cancelled, "x"),
            new Grpc.Core.RpcException(new Grpc.Core.Status(Grpc.Core.StatusCode.Cancelled, "")), new OperationCanceledException(), new HttpRequestException(), new InvalidOperationException(),
        ];
        Assert.All(passing, problem => Assert.False(AttemptFailure.Of(problem).IsFinal));
    }

    private static DecisionReading Fresh(string mode) => new(new DecisionEnvelope { WorldId = "w", EffectiveMode = mode }, IsStale: false);
}
