using System.Reflection;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>Reads what should come of an evaluation.</summary>
internal sealed class ExpectationReader(ProblemList problems)
{
    private static readonly string[] Keys = ["active", "rejected", "promoted", "demoted", "scores", "ranks", "data_currency"];

    // A misspelt code would never be met, and the author would look for the error in the policy.
    private static readonly string[] Codes =
        [.. typeof(SelectionCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal)];

    public ScenarioExpectation? Read(DocumentNode node, IReadOnlyCollection<string> strategies)
    {
        if (node is not MappingNode mapping)
        {
            problems.Invalid(node, $"expect must be a mapping of {string.Join(", ", Keys)}; was {node.Kind}");
            return null;
        }

        var section = new SectionReader(mapping, problems, Keys);
        if (mapping.Members.Count == 0) problems.Invalid(mapping, "expect must say something");
        return new ScenarioExpectation(
            mapping.Pointer,
            Ids(section, "active", strategies),
            ReadRejected(section, strategies),
            Ids(section, "promoted", strategies),
            Ids(section, "demoted", strategies),
            Numbers(section, "scores", strategies),
            Numbers(section, "ranks", strategies),
            section.Word("data_currency", ["pass", "fail"]));
    }

    private IReadOnlyList<string>? Ids(SectionReader section, string key, IReadOnlyCollection<string> strategies)
    {
        if (!section.Has(key)) return null;
        var ids = section.Texts(key);
        foreach (var id in ids) Check(id, section.Node(key)!, strategies);
        return [.. ids.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private IReadOnlyDictionary<string, string> ReadRejected(SectionReader section, IReadOnlyCollection<string> strategies)
    {
        var rejected = section.TextMap("rejected");
        foreach (var (id, code) in rejected)
        {
            var node = ((MappingNode)section.Node("rejected")!).Find(id)!;
            Check(id, node, strategies);
            if (!Codes.Contains(code, StringComparer.Ordinal)) problems.Invalid(node, $"'{code}' is no reason code" + Nearest.Hint(code, Codes));
        }

        return rejected;
    }

    private SortedDictionary<string, double> Numbers(SectionReader section, string key, IReadOnlyCollection<string> strategies)
    {
        var numbers = new SortedDictionary<string, double>(StringComparer.Ordinal);
        if (section.Node(key) is null) return numbers;
        if (section.Node(key) is not MappingNode mapping)
        {
            problems.Invalid(section.Node(key)!, $"{key} must map strategies to numbers");
            return numbers;
        }

        foreach (var (id, node) in mapping.Members)
        {
            Check(id, node, strategies);
            if (node is NumberNode number) numbers[id] = number.Value;
            else problems.Invalid(node, $"a number is expected, was {node.Kind}");
        }

        return numbers;
    }

    private void Check(string id, DocumentNode node, IReadOnlyCollection<string> strategies)
    {
        if (!strategies.Contains(id, StringComparer.Ordinal)) problems.Invalid(node, $"there is no strategy '{id}' at this point" + Nearest.Hint(id, strategies));
    }
}
