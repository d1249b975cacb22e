using System.Globalization;

namespace Qmtl.WorldService.Policies.Documents;

/// <summary>Something wrong in a document: where, and what to do about it.</summary>
internal sealed record DocumentProblem(string Pointer, string Message);

/// <summary>All problems of one document: an author corrects them in one go rather than one by one.</summary>
internal sealed class ProblemList
{
    private readonly List<DocumentProblem> _problems = [];

    public IReadOnlyList<DocumentProblem> Items => _problems;

    public void Invalid(string pointer, string message) => _problems.Add(new(pointer, message));

    public void Invalid(DocumentNode node, string message) => Invalid(node.Pointer, string.Create(CultureInfo.InvariantCulture, $"line {node.Line}: {message}"));
}

/// <summary>Reads one mapping strictly: every key is known, every value has its type, every problem is listed.</summary>
internal sealed class SectionReader
{
    private readonly MappingNode _mapping;
    private readonly ProblemList _problems;

    public SectionReader(MappingNode mapping, ProblemList problems, IReadOnlyCollection<string> keys)
    {
        _mapping = mapping;
        _problems = problems;
        foreach (var (key, value) in mapping.Members)
        {
            if (!keys.Contains(key, StringComparer.Ordinal)) problems.Invalid(value.Pointer, $"line {value.Line.ToString(CultureInfo.InvariantCulture)}: unknown key '{key}'" + Nearest.Hint(key, keys));
        }
    }

    public MappingNode Mapping => _mapping;

    public bool Has(string key) => _mapping.Find(key) is not null;

    public DocumentNode? Node(string key) => _mapping.Find(key);

    public double? Number(string key, double min = double.NegativeInfinity, double max = double.PositiveInfinity)
    {
        if (Find<NumberNode>(key, "a number") is not { } node) return null;
        if (node.Value >= min && node.Value <= max) return node.Value;
        var range = double.IsPositiveInfinity(max) ? Inv($"be at least {min}") : double.IsNegativeInfinity(min) ? Inv($"be at most {max}") : Inv($"lie between {min} and {max}");
        _problems.Invalid(node, Inv($"{key} must {range}, was {node.Value}"));
        return null;
    }

    public int? Integer(string key, int min)
    {
        if (Find<NumberNode>(key, "a whole number") is not { } node) return null;
        if (double.IsInteger(node.Value) && node.Value >= min && node.Value <= int.MaxValue) return (int)node.Value;
        _problems.Invalid(node, string.Create(CultureInfo.InvariantCulture, $"{key} must be a whole number of at least {min}, was {node.Value}"));
        return null;
    }

    public string? Text(string key)
    {
        var node = Find<TextNode>(key, "a text");
        if (node is not null && string.IsNullOrWhiteSpace(node.Value)) _problems.Invalid(node, $"{key} must not be empty");
        return node?.Value;
    }

    /// <summary>One of a few words.</summary>
    public string? Word(string key, IReadOnlyCollection<string> words)
    {
        if (Find<TextNode>(key, "one of " + string.Join(", ", words)) is not { } node) return null;
        if (words.Contains(node.Value, StringComparer.Ordinal)) return node.Value;
        _problems.Invalid(node, $"{key} must be one of {string.Join(", ", words)}, was '{node.Value}'" + Nearest.Hint(node.Value, words));
        return null;
    }

    public TimeSpan? Duration(string key)
    {
        if (Find<TextNode>(key, "a duration such as 5m, 3h or 60d") is not { } node) return null;
        if (Durations.TryParse(node.Value, out var duration)) return duration;
        _problems.Invalid(node, $"{key} must be a duration such as 30s, 5m, 3h, 60d or 2w, was '{node.Value}'");
        return null;
    }

    public SectionReader? Section(string key, params string[] keys) =>
        Find<MappingNode>(key, "a mapping") is { } mapping ? new SectionReader(mapping, _problems, keys) : null;

    public SequenceNode? List(string key) => Find<SequenceNode>(key, "a list");

    public IReadOnlyList<string> Texts(string key)
    {
        var texts = new List<string>();
        foreach (var item in List(key)?.Items ?? [])
        {
            if (item is TextNode { Value.Length: > 0 } text) texts.Add(text.Value);
            else _problems.Invalid(item, $"each item of {key} must be a text, was {item.Kind}");
        }

        return texts;
    }

    /// <summary>A list of a few words.</summary>
    public IReadOnlyList<string> Words(string key, IReadOnlyCollection<string> words)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var item in List(key)?.Items ?? [])
        {
            if (item is TextNode text && words.Contains(text.Value, StringComparer.Ordinal)) found.Add(text.Value);
            else _problems.Invalid(item, $"each item of {key} must be one of {string.Join(", ", words)}, was {item.Kind}");
        }

        return [.. found];
    }

    /// <summary>Named sections of one kind, with the keys that each may have.</summary>
    public IReadOnlyList<(string Name, SectionReader Section)> Sections(string key, string kind, params string[] keys)
    {
        var sections = new List<(string Name, SectionReader Section)>();
        foreach (var (name, node) in Find<MappingNode>(key, $"a mapping of names to {kind} each")?.Members ?? [])
        {
            if (node is MappingNode mapping) sections.Add((name, new SectionReader(mapping, _problems, keys)));
            else _problems.Invalid(node, $"{kind} must be a mapping of {string.Join(", ", keys)}; was {node.Kind}");
        }

        return sections;
    }

    /// <summary>A mapping of names to texts.</summary>
    public IReadOnlyDictionary<string, string> TextMap(string key)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, node) in Find<MappingNode>(key, "a mapping of names to texts")?.Members ?? [])
        {
            if (node is TextNode { Value.Length: > 0 } text) texts[name] = text.Value;
            else _problems.Invalid(node, $"{name} must be a text, was {node.Kind}");
        }

        return texts;
    }

    public T? Require<T>(string key, T? value)
        where T : class
    {
        if (!Has(key)) Missing(key);
        return value;
    }

    public double? Require(string key, double? value)
    {
        if (!Has(key)) Missing(key);
        return value;
    }

    private static string Inv(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Missing(string key) => _problems.Invalid(_mapping, $"'{key}' is missing here");

    private TNode? Find<TNode>(string key, string expected)
        where TNode : DocumentNode
    {
        var node = _mapping.Find(key);
        if (node is null or TNode) return (TNode?)node;
        _problems.Invalid(node, $"{key} must be {expected}, was {node.Kind}");
        return null;
    }
}
