using System.Text;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Expressions;

namespace Qmtl.WorldService.Policies;

/// <summary>A policy that was understood, in every form that is stored or shown.</summary>
internal sealed record LoadedPolicy(PolicyDocument Document, string Canonical, string? Preset = null, string? PresetMode = null, string? PresetVersion = null)
{
    public IReadOnlyDictionary<string, double> Overrides { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);
}

/// <summary>What came of reading a document: a policy, or the problems that keep it from being one.</summary>
internal sealed record PolicyLoad(LoadedPolicy? Policy, IReadOnlyList<DocumentProblem> Problems);

/// <summary>
/// From uploaded bytes to a policy. The body is the policy document itself, or an envelope that names a preset, its overrides,
/// or a policy inside.
/// </summary>
internal sealed class PolicyLoader(IMetricCatalog catalog)
{
    private static readonly string[] EnvelopeKeys = ["preset", "preset_mode", "preset_version", "preset_overrides", "policy"];
    private static readonly string[] PresetModes = ["shared", "clone", "extend"];

    public PolicyLoad Load(ReadOnlySpan<byte> body, string? contentType)
    {
        var problems = new ProblemList();
        try
        {
            var root = DocumentParser.Parse(body, contentType);
            var loaded = root is MappingNode mapping && mapping.Members.Any(member => EnvelopeKeys.Contains(member.Key, StringComparer.Ordinal))
                ? FromEnvelope(mapping, problems)
                : FromDocument(root, problems);
            return new PolicyLoad(problems.Items.Count == 0 ? loaded : null, problems.Items);
        }
        catch (DocumentSyntaxException e)
        {
            problems.Invalid(e.Pointer, e.Message);
            return new PolicyLoad(null, problems.Items);
        }
    }

    public PolicyLoad LoadPreset(string name, IReadOnlyDictionary<string, double> overrides, string? mode)
    {
        var problems = new ProblemList();
        var loaded = FromPreset(name, "/preset", mode, overrides, null, problems);
        return new PolicyLoad(problems.Items.Count == 0 ? loaded : null, problems.Items);
    }

    /// <summary>Reads back what <see cref="PolicyCanonical"/> wrote.</summary>
    public PolicyDocument LoadCanonical(string canonical)
    {
        var problems = new ProblemList();
        return PolicyReader.Read(DocumentParser.Parse(Encoding.UTF8.GetBytes(canonical), "application/json"), catalog, problems)
            ?? throw new InvalidDataException($"a stored policy does not read back: {problems.Items[0].Pointer} {problems.Items[0].Message}");
    }

    private LoadedPolicy? FromDocument(DocumentNode root, ProblemList problems) =>
        PolicyReader.Read(root, catalog, problems) is { } document ? new LoadedPolicy(document, PolicyCanonical.Write(document)) : null;

    private LoadedPolicy? FromEnvelope(MappingNode mapping, ProblemList problems)
    {
        var envelope = new SectionReader(mapping, problems, EnvelopeKeys);
        var preset = envelope.Text("preset");
        var mode = envelope.Word("preset_mode", PresetModes);
        var policy = envelope.Node("policy");
        CheckPresetVersion(envelope, problems);
        if (preset is not null)
        {
            if (policy is not null && !string.Equals(mode, "extend", StringComparison.Ordinal))
            {
                problems.Invalid(policy, "a preset and a policy together need preset_mode: extend, where the policy's sections replace the preset's");
            }

            return FromPreset(preset, "/preset", mode, Overrides(envelope, problems), policy, problems);
        }

        if (envelope.Has("preset_overrides")) problems.Invalid(envelope.Node("preset_overrides")!, "overrides adjust a preset, and none is named");
        if (policy is null) problems.Invalid(mapping, "'preset' or 'policy' is missing here");
        return policy is null ? null : FromDocument(policy, problems);
    }

    private static void CheckPresetVersion(SectionReader envelope, ProblemList problems)
    {
        var version = envelope.Node("preset_version") switch
        {
            null => PolicyPresets.Version,
            NumberNode number => number.Value.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
            TextNode text => text.Value.TrimStart('v'),
            _ => "",
        };
        if (!string.Equals(version, PolicyPresets.Version, StringComparison.Ordinal))
        {
            problems.Invalid(envelope.Node("preset_version")!, $"preset version {PolicyPresets.Version} is the only one there is");
        }
    }

    private static Dictionary<string, double> Overrides(SectionReader envelope, ProblemList problems)
    {
        var overrides = new Dictionary<string, double>(StringComparer.Ordinal);
        switch (envelope.Node("preset_overrides"))
        {
            case null: break;
            case MappingNode mapping:
                foreach (var (key, value) in mapping.Members)
                {
                    if (value is NumberNode number) overrides[key] = number.Value;
                    else problems.Invalid(value, $"an override must be a number, was {value.Kind}");
                }

                break;
            case var other:
                problems.Invalid(other, $"preset_overrides must map '<metric>.min' or '<metric>.max' to numbers, was {other.Kind}");
                break;
        }

        return overrides;
    }

    private LoadedPolicy? FromPreset(
        string name, string pointer, string? mode, IReadOnlyDictionary<string, double> overrides, DocumentNode? extension, ProblemList problems)
    {
        if (PolicyPresets.Compile(name, pointer, overrides, problems) is not { } compiled || problems.Items.Count > 0) return null;
        CheckOverriddenMetrics(overrides, problems);
        if (problems.Items.Count > 0) return null;

        var root = (MappingNode)DocumentParser.Parse(Encoding.UTF8.GetBytes(compiled.ToJsonString()), "application/json");
        if (extension is MappingNode extra)
        {
            var own = root.Members.Where(member => extra.Find(member.Key) is null && !(string.Equals(member.Key, "top_k", StringComparison.Ordinal) && Ranks(extra)));
            root = root with { Members = [.. own, .. extra.Members] };
        }

        var document = PolicyReader.Read(root, catalog, problems);
        return document is null ? null : new LoadedPolicy(document, PolicyCanonical.Write(document), name, mode ?? "shared", PolicyPresets.Version) { Overrides = overrides };
    }

    // A policy that brings its own ranking replaces the preset's, whichever spelling it uses.
    private static bool Ranks(MappingNode extension) =>
        extension.Find("selection") is MappingNode selection && (selection.Find("score") ?? selection.Find("topk") ?? selection.Find("top_k")) is not null;

    private void CheckOverriddenMetrics(IReadOnlyDictionary<string, double> overrides, ProblemList problems)
    {
        foreach (var key in overrides.Keys)
        {
            var metric = key[..key.LastIndexOf('.')];
            if (catalog.Knows(metric)) continue;
            var hint = catalog.Suggest(metric) is { } nearest ? $"; did you mean '{nearest}'?" : "";
            problems.Invalid(JsonPointer.Child("/preset_overrides", key), $"unknown metric '{metric}'{hint}");
        }
    }
}
