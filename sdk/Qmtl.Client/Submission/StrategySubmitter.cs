using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.Strategies;
using Qmtl.V1;

namespace Qmtl.Client;

/// <summary>One submission, in the order that makes it safe: nothing is measured for a world that does not exist, nothing is judged that was not taken in.</summary>
internal sealed class StrategySubmitter(GatewayClient gateway, IReplay replay, TimeProvider time)
{
    private const string Stage = "backtest";
    private const string RiskTier = "medium";
    private const int RunIdDigits = 12;

    public async Task<SubmitResult> SubmitAsync(PreparedSubmission submission, string worldId, CancellationToken cancellationToken)
    {
        using var activity = Runner.Source.StartActivity("Runner.Submit");
        activity?.SetTag("world_id", worldId);
        await gateway.GetAsync<GatewayHealth>("health", cancellationToken).ConfigureAwait(false);
        var world = await DescribeAsync(worldId, cancellationToken).ConfigureAwait(false);

        var facts = DataFacts.Of(submission.Data);
        var accepted = await TakeInAsync(submission.Strategy, submission.Graph, worldId, facts, cancellationToken).ConfigureAwait(false);
        activity?.SetTag("strategy_id", accepted.StrategyId);
        if (!submission.Options.AutoValidate) return await ReportAsync(accepted, worldId, PrecheckReport.Skipped, Played.Nothing, null, cancellationToken).ConfigureAwait(false);

        var (measured, played) = await MeasureAsync(submission, accepted.StrategyId, worldId, facts, world?.Policy, cancellationToken).ConfigureAwait(false);
        var precheck = Precheck(measured, world?.Policy);
        var evaluated = await TryEvaluateAsync(accepted.StrategyId, worldId, measured, TradedMarket.Of(submission.Graph, played.Result), facts, cancellationToken).ConfigureAwait(false);
        return await ReportAsync(accepted, worldId, precheck, played, evaluated, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Computes what is measured. What goes wrong only now leaves a strategy that was taken in, and the refusal says so.</summary>
    private async Task<(Measurement Measured, Played Played)> MeasureAsync(
        PreparedSubmission submission, string strategyId, string worldId, DataFacts facts, Struct? policy, CancellationToken cancellationToken)
    {
        var (strategy, graph, data, options, find) = submission;
        try
        {
            var stated = find is null ? null : await Task.Run(find, cancellationToken).ConfigureAwait(false);
            var played = submission.IsReplayed ? await PlayAsync(submission, strategyId, worldId, cancellationToken).ConfigureAwait(false) : Played.Nothing;
            if (options.Artifacts is { } store) await FeatureArtifacts.WriteAsync(store, ExecutionDomain.Backtest, graph, data, facts.Fingerprint, cancellationToken).ConfigureAwait(false);
            var measured = stated is null
                ? Measurement.Of(played.Result!, policy)
                : Measurement.Of(stated, data, played.Result?.BarsPerYear ?? options.Replay.BarsPerYear, options.Costs, policy);
            return (measured, played);
        }
        catch (RefusalException refusal)
        {
            throw NotEvaluated(strategyId, refusal.Code, refusal.Detail, refusal.Errors, refusal);
        }
        catch (Exception problem) when (problem is not (OperationCanceledException or IOException or UnauthorizedAccessException))
        {
            throw NotEvaluated(strategyId, ReasonCodes.StrategyInvalid, $"{strategy.Name} threw {problem.GetType().Name} in its replay: {problem.Message}", [], problem);
        }
    }

    /// <summary>Replays; with others, if that is wanted. The result is the same either way.</summary>
    private async Task<Played> PlayAsync(PreparedSubmission submission, string strategyId, string worldId, CancellationToken cancellationToken)
    {
        var (strategy, _, data, options, _) = submission;
        if (options.Sharing is not { } sharing) return new Played(await Task.Run(() => replay.Run(strategy, data, options.Replay, cancellationToken), cancellationToken).ConfigureAwait(false), null);
        var exchange = new GatewayNodeExchange(gateway, strategyId, worldId, sharing.Lease, time);
        var shared = await Task.Run(() => new SharedReplay(time).RunAsync(strategy, data, options.Replay, exchange, sharing, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new Played(shared.Result, shared.Sharing);
    }

    private static RefusalException NotEvaluated(string strategyId, ReasonCode code, string detail, IReadOnlyList<FieldError> errors, Exception cause) => new(
        code,
        $"{detail} The strategy is registered as {strategyId}, but nothing was evaluated; correct it and submit again.",
        errors,
        new Dictionary<string, string>(StringComparer.Ordinal) { ["strategy_id"] = strategyId },
        cause);

    /// <summary>The measurement with advice; whatever it says, only the world decides.</summary>
    private static PrecheckReport Precheck(Measurement measured, Struct? policy)
    {
        var metrics = measured.Values.Concat(measured.Execution).ToDictionary(StringComparer.Ordinal);
        if (measured.Returns.Count == 0) return new PrecheckReport("error", metrics, measured.Source, "there are no returns to measure");
        var violations = PolicyAdvice.Violations(policy, metrics);
        return new PrecheckReport(violations.Count == 0 ? "passed" : "warning", metrics, measured.Source, null)
        {
            Violations = violations,
            ImprovementHints = PolicyAdvice.Hints(violations, metrics, measured.Returns.Count),
        };
    }

    /// <summary>The world, or null when WorldService is silent: then the strategy is taken in and measured all the same, and stays pending.</summary>
    private async Task<WorldDescription?> DescribeAsync(string worldId, CancellationToken cancellationToken)
    {
        try
        {
            return await gateway.GetAsync<WorldDescription>($"worlds/{Uri.EscapeDataString(worldId)}/describe", cancellationToken).ConfigureAwait(false);
        }
        catch (RefusalException refusal) when (refusal.Code.Code == ReasonCodes.WorldUnknown.Code)
        {
            throw new RefusalException(ReasonCodes.WorldUnknown, $"There is no world \"{worldId}\". Create it first: qmtl world create {worldId}", [new FieldError("/world", "names no world")], null, refusal);
        }
        catch (RefusalException refusal) when (IsSilence(refusal))
        {
            return null;
        }
    }

    private async Task<Accepted> TakeInAsync(Strategy strategy, StrategyGraph graph, string worldId, DataFacts facts, CancellationToken cancellationToken)
    {
        var meta = new Struct();
        meta.Fields["name"] = Value.ForString(strategy.Name);
        meta.Fields["as_of"] = Value.ForString(facts.AsOf);
        meta.Fields["dataset_fingerprint"] = Value.ForString(facts.Fingerprint);
        meta.Fields["params"] = Value.ForStruct(Parameters(strategy));
        var submission = new StrategySubmit { DagJson = UnsafeByteOperations.UnsafeWrap(graph.SerializeToUtf8()), NodeIdsCrc32 = graph.NodeIdsCrc32, Meta = meta, WorldIds = { worldId } };
        try
        {
            var ack = await gateway.PostAsync<StrategyAck>("strategies", submission, cancellationToken).ConfigureAwait(false);
            return new Accepted(ack.StrategyId, false, ack.NodeQueues, ack.Downgraded, ack.DowngradeReason, ack.SafeMode);
        }
        catch (RefusalException refusal) when (refusal.Code.Code == ReasonCodes.Duplicate.Code && refusal.Metadata.TryGetValue("strategy_id", out var existing) && existing.Length > 0)
        {
            var status = await gateway.GetAsync<StrategyStatus>($"strategies/{Uri.EscapeDataString(existing)}/status", cancellationToken).ConfigureAwait(false);
            return new Accepted(existing, true, status.NodeQueues, false, null, false);
        }
    }

    private async Task<Evaluated?> TryEvaluateAsync(string strategyId, string worldId, Measurement measured, TradedMarket market, DataFacts facts, CancellationToken cancellationToken)
    {
        try
        {
            return await EvaluateAsync(strategyId, worldId, measured, market, facts, cancellationToken).ConfigureAwait(false);
        }
        catch (RefusalException refusal) when (IsSilence(refusal))
        {
            Activity.Current?.AddEvent(new ActivityEvent("not_evaluated", tags: new ActivityTagsCollection { ["code"] = refusal.Code.Code }));
            return null;
        }
    }

    private async Task<Evaluated> EvaluateAsync(string strategyId, string worldId, Measurement measured, TradedMarket market, DataFacts facts, CancellationToken cancellationToken)
    {
        await gateway.PostAsync<Empty>($"strategies/{Uri.EscapeDataString(strategyId)}/history", facts.Report(strategyId, worldId), cancellationToken).ConfigureAwait(false);
        var metrics = new Struct();
        foreach (var (name, value) in measured.Values) metrics.Fields[name] = Value.ForNumber(value);
        var series = new StrategySeries { Side = market.Side };
        series.Returns.AddRange(measured.Returns);
        series.Symbols.AddRange(market.Symbols);
        var request = new EvaluateRequest
        {
            WorldId = worldId,
            StrategyId = strategyId,
            RunId = $"{worldId}-{strategyId}-{Guid.CreateVersion7(time.GetUtcNow()).ToString("N")[^RunIdDigits..]}",
            Stage = Stage,
            RiskTier = RiskTier,
            Metrics = { [strategyId] = metrics },
            Series = { [strategyId] = series },
            Data = facts.EvaluationData(measured.BarsPerYear),
        };
        var response = await gateway.PostAsync<EvaluateResponse>($"worlds/{Uri.EscapeDataString(worldId)}/evaluate", request, cancellationToken).ConfigureAwait(false);
        var run = await gateway.FindAsync<EvaluationRun>(RunPath(worldId, strategyId, response.EvaluationRunId), cancellationToken).ConfigureAwait(false);
        return new Evaluated(response, run);
    }

    private async Task<SubmitResult> ReportAsync(Accepted accepted, string worldId, PrecheckReport precheck, Played played, Evaluated? evaluated, CancellationToken cancellationToken)
    {
        var world = $"worlds/{Uri.EscapeDataString(worldId)}";
        var decision = await TryAsync<DecisionEnvelope>($"{world}/decide", cancellationToken).ConfigureAwait(false);
        var activation = await TryAsync<ActivationEnvelope>(ActivationPath(world, accepted.StrategyId, "long"), cancellationToken).ConfigureAwait(false);
        var activationShort = await TryAsync<ActivationEnvelope>(ActivationPath(world, accepted.StrategyId, "short"), cancellationToken).ConfigureAwait(false);
        var allocations = await TryAsync<GetAllocationsResponse>($"allocations?world_id={Uri.EscapeDataString(worldId)}", cancellationToken).ConfigureAwait(false);
        var verdict = Verdict(worldId, decision, activation, activationShort, allocations, evaluated);
        var fallback = verdict.IsStale ? decision?.ComputeContext?.DowngradeReason ?? DowngradeReason.DecisionUnavailable.ToToken() : null;
        return new SubmitResult
        {
            StrategyId = accepted.StrategyId,
            WorldId = worldId,
            Duplicate = accepted.Duplicate,
            Status = Judge(verdict),
            World = verdict,
            Precheck = precheck,
            NodeQueues = accepted.NodeQueues,
            Downgraded = verdict.IsStale || accepted.Downgraded,
            DowngradeReason = fallback ?? accepted.DowngradeReason,
            SafeMode = verdict.IsStale || accepted.SafeMode,
            OrderGate = Gate(activation ?? activationShort, verdict.IsStale),
            Replay = played.Result,
            Sharing = played.Sharing,
        };
    }

    private static WorldVerdict Verdict(
        string worldId, DecisionEnvelope? decision, ActivationEnvelope? activation, ActivationEnvelope? activationShort, GetAllocationsResponse? allocations, Evaluated? evaluated) => new()
        {
            Decision = decision,
            Activation = activation,
            ActivationShort = activationShort,
            Allocation = allocations?.Allocations.GetValueOrDefault(worldId),
            Summary = evaluated?.Run?.Summary ?? evaluated?.Response.Summary,
            Metrics = evaluated?.Run?.Metrics?.Values.ToDictionary(StringComparer.Ordinal) ?? new Dictionary<string, double>(StringComparer.Ordinal),
            EvaluationRunId = evaluated?.Response.EvaluationRunId,
            EvaluationRunUrl = evaluated?.Response.EvaluationRunUrl,
            IsStale = decision?.ComputeContext is not { } context || context.DowngradeReason is "stale_decision" or "decision_unavailable",
        };

    private static OrderGateDecision Gate(ActivationEnvelope? activation, bool stale) => activation is null
        ? OrderGates.Decide(null, null, stale)
        : OrderGates.Decide(
            new GateActivation(activation.Active, activation.Weight, activation.Freeze, activation.Drain), ExecutionModes.ParseMode(activation.EffectiveMode), stale);

    /// <summary>Only a fresh word of the world makes a strategy active or rejected.</summary>
    private static SubmitStatus Judge(WorldVerdict verdict)
    {
        if (verdict.Summary is null || verdict.IsStale) return SubmitStatus.Pending;
        return verdict.Summary.Active ? SubmitStatus.Active : SubmitStatus.Rejected;
    }

    /// <summary>What can be read, or null: a world that falls silent after it judged leaves a result that says so.</summary>
    private async Task<T?> TryAsync<T>(string path, CancellationToken cancellationToken)
        where T : class, IMessage, new()
    {
        try
        {
            return await gateway.FindAsync<T>(path, cancellationToken).ConfigureAwait(false);
        }
        catch (RefusalException refusal) when (IsSilence(refusal))
        {
            Activity.Current?.AddEvent(new ActivityEvent("unavailable", tags: new ActivityTagsCollection { ["path"] = path, ["code"] = refusal.Code.Code }));
            return null;
        }
    }

    /// <summary>Whether nobody answered, rather than somebody said no.</summary>
    private static bool IsSilence(RefusalException refusal) => refusal.Code.HttpStatus >= 500;

    private static string ActivationPath(string world, string strategyId, string side) => $"{world}/activation?strategy_id={Uri.EscapeDataString(strategyId)}&side={side}";

    private static string RunPath(string worldId, string strategyId, string runId) =>
        $"worlds/{Uri.EscapeDataString(worldId)}/strategies/{Uri.EscapeDataString(strategyId)}/runs/{Uri.EscapeDataString(runId)}";

    private static Struct Parameters(Strategy strategy)
    {
        var values = new Struct();
        foreach (var parameter in strategy.Parameters) values.Fields[parameter.Name] = Value.ForString(parameter.ValueText);
        return values;
    }

    private sealed record Accepted(string StrategyId, bool Duplicate, IReadOnlyDictionary<string, string> NodeQueues, bool Downgraded, string? DowngradeReason, bool SafeMode);

    private sealed record Played(ReplayResult? Result, SharingReport? Sharing)
    {
        public static Played Nothing { get; } = new(null, null);
    }

    private sealed record Evaluated(EvaluateResponse Response, EvaluationRun? Run);
}
