using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Evaluation.Review;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Promotion;

/// <summary>People's word on a paper run.</summary>
internal sealed class PromotionReviewHandler(WorldWriter writer, PromotionReader reader)
{
    private const int CommentLength = 2_000;

    public Task<PromotionReview> ApproveAsync(PromotionReviewRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        if (string.IsNullOrWhiteSpace(request.Comment)) throw Refuse.Field(ReasonCodes.OverrideIncomplete, "/comment", "must say why this run may go live");
        return ReviewAsync(request, "approved", caller, cancellationToken);
    }

    public Task<PromotionReview> RejectAsync(PromotionReviewRequest request, Caller caller, CancellationToken cancellationToken) =>
        ReviewAsync(request, "rejected", caller, cancellationToken);

    private Task<PromotionReview> ReviewAsync(PromotionReviewRequest request, string status, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        if (request.Comment.Length > CommentLength) throw Refuse.Field("/comment", $"must be at most {CommentLength} characters, was {request.Comment.Length}");
        var actor = Persons.ActorOf(caller, request.Actor);
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var promotion = await reader.ReadAsync(change.Unit, request.WorldId, request.StrategyId, request.RunId, change.Unit.Now);
                if (promotion.Mode is PromotionModes.Disabled) throw new RefusalException(ReasonCodes.PromotionDisabled, PromotionExplanations.Explain(PromotionReasons.Disabled, promotion.Inputs, promotion.Verdict));
                Persons.RequireApprover(actor, promotion.Owner, promotion.Governance, request.StrategyId);
                var row = promotion.RequireRun();
                if (row.Stage is not StageNames.Paper) throw new RefusalException(ReasonCodes.PromotionBlocked, $"Run '{row.RunId}' is of stage {row.Stage}; only a paper run is judged for live.");
                var review = new ReviewRow
                {
                    WorldId = row.WorldId,
                    StrategyId = row.StrategyId,
                    RunId = row.RunId,
                    Status = status,
                    Actor = actor,
                    Comment = request.Comment,
                    InputHash = row.InputHash,
                    ReviewedAt = change.Unit.Now,
                };
                await PromotionStore.SaveReviewAsync(change.Unit, review);
                await ShowInRunAsync(change, row, review);
                var message = new PromotionReview
                {
                    WorldId = row.WorldId,
                    StrategyId = row.StrategyId,
                    RunId = row.RunId,
                    OverrideStatus = status,
                    Actor = actor,
                    Timestamp = Timestamp.FromDateTimeOffset(change.Unit.Now),
                };
                await change.AuditAsync(status is "approved" ? "live_approved" : "live_rejected", request, message, StageNames.Paper);
                return message;
            },
            cancellationToken);
    }

    /// <summary>The run carries the word as its next revision, for whoever reads it.</summary>
    private static Task<EvaluationRun> ShowInRunAsync(WorldChange change, RunRow row, ReviewRow review) => RunRevisions.AppendAsync(change, row, RunChanges.Override, run => OverrideRules.Set(
        run.Summary ??= new EvaluationSummary(),
        new EvaluationOverride { Status = review.Status, Reason = review.Comment, Actor = review.Actor, Timestamp = Timestamp.FromDateTimeOffset(review.ReviewedAt) }));
}
