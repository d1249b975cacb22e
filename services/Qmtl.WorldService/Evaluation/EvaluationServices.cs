using Qmtl.WorldService.Evaluation.Extended;
using Qmtl.WorldService.Evaluation.Profiles;
using Qmtl.WorldService.Evaluation.Review;
using Qmtl.WorldService.Evaluation.Sourcing;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Evaluation as part of the service.</summary>
internal static class EvaluationServices
{
    public static IServiceCollection AddEvaluation(this IServiceCollection services) => services
        .AddSingleton<EvaluationRequestReader>()
        .AddSingleton<CohortStore>()
        .AddSingleton<EffectivePolicies>()
        .AddSingleton<EvaluationPreparer>()
        .AddSingleton<EvaluationHandler>()
        .AddSingleton<RunsHandler>()
        .AddSingleton<RunReviewHandler>()
        .AddSingleton(_ => new EvaluationLoad(TimeProvider.System))
        .AddSingleton(provider => new ExtendedTurns(provider.GetRequiredService<EvaluationLoad>(), TimeProvider.System))
        .AddSingleton<ExtendedMetrics>()
        .AddSingleton<ExtendedValidator>()
        .AddHostedService<ExtendedValidationWorker>();
}
