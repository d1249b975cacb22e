using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Policies.Selection;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>Tells what another policy would change in a world. Reads one snapshot and writes nothing.</summary>
internal sealed class PolicyDiffHandler(IDatabase database, PolicyLoader loader, PolicyStore store, CohortStore cohorts, TimeProvider clock)
{
    private static readonly string[] Stages = ["backtest", "paper", "live"];

    public async Task<PolicyDiff> DiffAsync(DiffPolicyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        if (request.Policy.Length > 0 && request.Version != 0) throw Refuse.Field("/version", "must be left out when policy holds the candidate");
        if (request.Version < 0) throw Refuse.Field("/version", $"must be a version from 1, was {request.Version}");
        var stage = request.Stage.Length == 0 ? Stages[0] : request.Stage;
        if (!Stages.Contains(stage, StringComparer.Ordinal)) throw Refuse.Field("/stage", $"must be one of {string.Join(", ", Stages)}, was '{stage}'");
        var correlations = request.Correlations.Select(pair => EvaluationRequestReader.ReadPair(pair.Key, pair.Value)).ToArray();
        var document = request.Policy.Length == 0 ? null : Load(request.Policy);

        var (policies, cohort) = await database.ReadAsync(
            async session => (await PoliciesAsync(session, request, document), await cohorts.LoadAsync(session, request.WorldId)), cancellationToken);
        return Compare(request.WorldId, policies, cohort, stage, correlations, clock.GetUtcNow());
    }

    private static PolicyDiff Compare(string worldId, Compared policies, Cohort cohort, string stage, IReadOnlyList<PairCorrelation> correlations, DateTimeOffset now)
    {
        var inputs = Inputs(cohort, stage, correlations, policies.Calendar, now);
        var (from, to) = (PolicyProjection.Of(policies.Base, inputs), PolicyProjection.Of(policies.Candidate, inputs));
        var diff = new PolicyDiff
        {
            WorldId = worldId,
            BaseVersion = policies.BaseVersion,
            CandidateVersion = policies.CandidateVersion,
            CandidateChecksum = policies.CandidateChecksum,
            At = Timestamp.FromDateTimeOffset(now),
        };
        foreach (var (before, after) in from.Next.Verdicts.Zip(to.Next.Verdicts))
        {
            var change = (from.Settled.Contains(before.StrategyId), to.Settled.Contains(before.StrategyId)) switch
            {
                (false, true) => "enters",
                (true, false) => "leaves",
                (true, true) => "stays",
                _ => "out",
            };
            Listed(diff, change)?.Add(before.StrategyId);
            diff.Strategies.Add(new PolicyChange { StrategyId = before.StrategyId, Change = change, Base = StandingMessages.Of(before), Candidate = StandingMessages.Of(after) });
        }

        diff.Unmeasured.Add(cohort.Bound.Where(id => !cohort.IsMeasured(id)).Order(StringComparer.Ordinal));
        diff.Notes.Add(Notes(policies.Candidate, inputs));
        return diff;
    }

    /// <summary>What an evaluation that brings nothing new would see.</summary>
    private static PolicyInputs Inputs(Cohort cohort, string stage, IReadOnlyList<PairCorrelation> correlations, TradingCalendar calendar, DateTimeOffset now)
    {
        var active = cohort.Active.ToHashSet(StringComparer.Ordinal);
        var ids = cohort.Bound.Where(id => cohort.IsMeasured(id)).Concat(cohort.Active).Distinct(StringComparer.Ordinal);
        Candidate[] candidates = [.. ids.Select(id => (cohort.Latest(id, stage) ?? Measurement.None(id, stage)).ToCandidate())];
        var states = candidates.ToDictionary(
            candidate => candidate.StrategyId,
            candidate => cohort.Selection.TryGetValue(candidate.StrategyId, out var row)
                ? new StrategyState(active.Contains(candidate.StrategyId), row.Since, row.Above, row.Below)
                : StrategyState.New with { Active = active.Contains(candidate.StrategyId) },
            StringComparer.Ordinal);
        return new PolicyInputs(candidates, correlations, states, now) { Calendar = calendar };
    }

    private static IEnumerable<string> Notes(PolicyDocument candidate, PolicyInputs inputs)
    {
        if (inputs.Candidates.Count == 0) yield return "No strategy of this world was measured yet, so there is nothing to compare.";
        if (candidate.MaxCorrelation is not null && inputs.Correlations.Count == 0) yield return "The correlation rule had nothing to judge: correlations are not stored; give them with the request.";
        foreach (var metric in candidate.Slots.Names)
        {
            var missing = inputs.Candidates.Count(one => !one.Metrics.ContainsKey(metric));
            if (missing > 0) yield return string.Create(CultureInfo.InvariantCulture, $"{metric} is missing in the stored measurements of {missing} of {inputs.Candidates.Count} strategies; the next evaluation may compute it.");
        }
    }

    private async Task<Compared> PoliciesAsync(ISession session, DiffPolicyRequest request, LoadedPolicy? document)
    {
        var world = await WorldStore.GetAsync(session, request.WorldId);
        if (world.DefaultPolicyVersion == 0) throw new RefusalException(ReasonCodes.PolicyUnknown, $"World '{request.WorldId}' has no policy to compare with; upload one with POST /worlds/{request.WorldId}/policies.");
        var inForce = await FindAsync(session, request.WorldId, world.DefaultPolicyVersion);
        var current = WorldSectors.AddTo(store.Read(inForce), world);
        var calendar = WorldCalendar.MarketOf(world);
        if (document is not null) return new Compared(calendar, world.DefaultPolicyVersion, current, 0, WorldSectors.AddTo(document.Document, world), "sha256:" + ContentHash.Sha256Hex(document.Canonical));
        var candidate = request.Version == 0 ? inForce : await FindAsync(session, request.WorldId, request.Version);
        return new Compared(calendar, world.DefaultPolicyVersion, current, candidate.Version, WorldSectors.AddTo(store.Read(candidate), world), candidate.Checksum);
    }

    private static async Task<PolicyRow> FindAsync(ISession session, string worldId, int version) =>
        await PolicyStore.FindAsync(session, worldId, version) ?? throw new RefusalException(
            ReasonCodes.PolicyUnknown, string.Create(CultureInfo.InvariantCulture, $"World '{worldId}' has no policy version {version}; list its versions with GET /worlds/{worldId}/policies."));

    private LoadedPolicy Load(string text)
    {
        var load = loader.Load(Encoding.UTF8.GetBytes(text), contentType: null);
        return load.Policy ?? throw DocumentRefusals.Of(ReasonCodes.PolicyInvalid, "The policy was not accepted", "/policy", load.Problems);
    }

    private static Google.Protobuf.Collections.RepeatedField<string>? Listed(PolicyDiff diff, string change) => change switch
    {
        "enters" => diff.Enters,
        "leaves" => diff.Leaves,
        "stays" => diff.Stays,
        _ => null,
    };

    private sealed record Compared(TradingCalendar Calendar, int BaseVersion, PolicyDocument Base, int CandidateVersion, PolicyDocument Candidate, string CandidateChecksum);
}
