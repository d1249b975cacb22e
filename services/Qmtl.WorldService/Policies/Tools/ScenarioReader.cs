using System.Globalization;
using System.Text;
using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>Understands a scenarios document, as strictly as a policy: every problem with its place, all of them at once.</summary>
internal sealed class ScenarioReader
{
    /// <summary>Strategies times evaluations of a whole document: a bound on what it costs to answer.</summary>
    public const int MaxJudgements = 200_000;

    private static readonly string[] StepKeys = ["strategies", "correlations", "expect"];
    private static readonly string[] ScenarioKeys = ["name", "description", "asset_class", "now", "previous", "state", "steps", .. StepKeys];

    private static readonly string[] AssetClasses = ["crypto", "fx", "us_equity", "us_etf"];

    // Any time does, as long as it is always the same.
    private static readonly DateTimeOffset DefaultNow = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    private readonly ProblemList _problems;
    private readonly ScenarioStrategyReader _strategies;
    private readonly ExpectationReader _expectations;
    private int _judgements;

    private ScenarioReader(PolicyDocument policy, IMetricCatalog catalog, ProblemList problems)
    {
        _problems = problems;
        _strategies = new ScenarioStrategyReader(policy, catalog, problems);
        _expectations = new ExpectationReader(problems);
    }

    /// <summary>The scenarios of a document; empty exactly when <paramref name="problems"/> lists something.</summary>
    public static IReadOnlyList<Scenario> Read(string text, PolicyDocument policy, IMetricCatalog catalog, ProblemList problems)
    {
        try
        {
            var root = DocumentParser.Parse(Encoding.UTF8.GetBytes(text), contentType: null);
            var scenarios = new ScenarioReader(policy, catalog, problems).Read(root);
            return problems.Items.Count == 0 ? scenarios : [];
        }
        catch (DocumentSyntaxException e)
        {
            problems.Invalid(e.Pointer, e.Message);
            return [];
        }
    }

    private List<Scenario> Read(DocumentNode root)
    {
        var scenarios = new List<Scenario>();
        if (root is not MappingNode mapping)
        {
            _problems.Invalid(root, $"the document must be a mapping with the key scenarios, was {root.Kind}");
            return scenarios;
        }

        var list = new SectionReader(mapping, _problems, ["scenarios"]).List("scenarios");
        if (list is not { Items.Count: > 0 }) _problems.Invalid(mapping, "'scenarios' must list at least one scenario");
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list?.Items ?? [])
        {
            if (item is not MappingNode one)
            {
                _problems.Invalid(item, $"a scenario must be a mapping, was {item.Kind}");
                continue;
            }

            if (ReadOne(one) is not { } scenario) continue;
            if (!names.Add(scenario.Name)) _problems.Invalid(one, $"the name '{scenario.Name}' stands twice");
            scenarios.Add(scenario);
        }

        return scenarios;
    }

    private Scenario? ReadOne(MappingNode mapping)
    {
        var section = new SectionReader(mapping, _problems, ScenarioKeys);
        var name = section.Require("name", section.Text("name"));
        section.Text("description");
        var calendar = TradingCalendar.Of(section.Word("asset_class", AssetClasses));
        var now = section.Node("now") is { } time ? ScenarioTimes.Absolute(time, "now", _problems) ?? DefaultNow : DefaultNow;
        var cast = new ScenarioCast(now);
        var evaluations = new List<ScenarioEvaluation>();
        Change(section, cast);
        var steps = section.List("steps");
        if (section.Has("expect") || steps is null) evaluations.Add(Evaluate(section, cast));
        foreach (var item in steps?.Items ?? []) ReadStep(item, cast, evaluations);
        if (steps is { Items.Count: 0 }) _problems.Invalid(steps, "steps must list at least one evaluation");
        if (!section.Has("strategies")) _problems.Invalid(mapping, "'strategies' is missing here");
        var before = ReadStates(section, cast, now);
        if (name is null || evaluations.Count == 0) return null;
        if (_judgements > MaxJudgements) _problems.Invalid(mapping, $"the scenarios so far ask for {_judgements} judgements; {MaxJudgements} are allowed");
        return new Scenario(name, calendar, before, evaluations);
    }

    private void ReadStep(DocumentNode item, ScenarioCast cast, List<ScenarioEvaluation> evaluations)
    {
        if (item is not MappingNode mapping)
        {
            _problems.Invalid(item, $"a step must be a mapping, was {item.Kind}");
            return;
        }

        var step = new SectionReader(mapping, _problems, ["after", .. StepKeys]);
        cast.Now += step.Duration("after") ?? TimeSpan.Zero;
        Change(step, cast);
        evaluations.Add(Evaluate(step, cast));
    }

    private void Change(SectionReader section, ScenarioCast cast)
    {
        if (section.Node("strategies") is { } strategies) _strategies.Read(strategies, cast);
        if (section.Node("correlations") is { } correlations) ReadCorrelations(correlations, cast);
    }

    private ScenarioEvaluation Evaluate(SectionReader section, ScenarioCast cast)
    {
        _judgements += cast.Strategies.Count;
        var expect = section.Node("expect") is { } node ? _expectations.Read(node, cast.Strategies.Keys) : null;
        // Once too much is asked for, only the count goes on, for the message.
        var candidates = _judgements > MaxJudgements ? [] : cast.Strategies.Select(pair => pair.Value.ToCandidate(pair.Key, cast.Now)).ToArray();
        return new ScenarioEvaluation(cast.Now, candidates, [.. cast.Correlations.Select(pair => new PairCorrelation(pair.Key.First, pair.Key.Second, pair.Value))], expect);
    }

    private void ReadCorrelations(DocumentNode node, ScenarioCast cast)
    {
        if (node is not MappingNode mapping)
        {
            _problems.Invalid(node, $"correlations must map 'a,b' to a number, was {node.Kind}");
            return;
        }

        foreach (var (key, value) in mapping.Members)
        {
            var ids = key.Split(',', StringSplitOptions.TrimEntries);
            if (ids.Length != 2 || ids[0].Length == 0 || ids[1].Length == 0) _problems.Invalid(value, $"the key must be two strategies, 'a,b', was '{key}'");
            else if (value is not NumberNode { Value: >= -1 and <= 1 } number) _problems.Invalid(value, $"a correlation must be a number from -1 to 1, was {value.Kind}");
            else if (ids.FirstOrDefault(id => !cast.Strategies.ContainsKey(id)) is { } stranger) _problems.Invalid(value, $"there is no strategy '{stranger}' here" + Nearest.Hint(stranger, cast.Strategies.Keys));
            else cast.Correlations[string.CompareOrdinal(ids[0], ids[1]) <= 0 ? (ids[0], ids[1]) : (ids[1], ids[0])] = number.Value;
        }
    }

    private SortedDictionary<string, StrategyState> ReadStates(SectionReader section, ScenarioCast cast, DateTimeOffset now)
    {
        var states = new SortedDictionary<string, StrategyState>(StringComparer.Ordinal);
        var previous = section.Texts("previous");
        foreach (var id in previous)
        {
            if (!cast.Known.Contains(id)) _problems.Invalid(section.Node("previous")!, $"there is no strategy '{id}' here" + Nearest.Hint(id, cast.Known));
            states[id] = StrategyState.New with { Active = true };
        }

        foreach (var (id, state) in section.Sections("state", "what is remembered of a strategy", "active", "since", "above", "below"))
        {
            if (!cast.Known.Contains(id)) _problems.Invalid(state.Mapping, $"there is no strategy '{id}' here" + Nearest.Hint(id, cast.Known));
            var active = state.Node("active") switch { BooleanNode flag => flag.Value, _ => states.ContainsKey(id) };
            if (state.Node("active") is not (null or BooleanNode)) _problems.Invalid(state.Node("active")!, "active must be true or false");
            var since = state.Node("since") is { } time ? ScenarioTimes.At(time, "since", now, _problems) : null;
            states[id] = new StrategyState(active, since, state.Integer("above", 0) ?? 0, state.Integer("below", 0) ?? 0);
        }

        return states;
    }
}

/// <summary>Times as scenarios write them.</summary>
internal static class ScenarioTimes
{
    /// <summary>A time, or how long it lies back.</summary>
    public static DateTimeOffset? At(DocumentNode node, string key, DateTimeOffset now, ProblemList problems) =>
        node is TextNode text && Durations.TryParse(text.Value, out var age) ? now - age : Absolute(node, key, problems);

    public static DateTimeOffset? Absolute(DocumentNode node, string key, ProblemList problems)
    {
        if (node is TextNode text && DateTimeOffset.TryParse(text.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)) return time;
        problems.Invalid(node, $"{key} must be a time such as 2026-01-05T12:00:00Z{(key is "now" ? "" : ", or how long ago, such as 3h")}; was {node.Kind}");
        return null;
    }
}
