using System.Globalization;
using System.Text.Json;

namespace Qmtl.Identity;

/// <summary>Reads one node from JSON and names every field that is wrong. Fields that neither identity nor checks use are left alone.</summary>
internal static class NodeSpecReader
{
    private const int MaxInterval = 86_400;
    private const int MaxPeriod = 10_000;
    private const int MaxName = 200;
    private const int MaxTag = 100;

    public static NodeSpec Read(JsonElement node, string pointer)
    {
        if (node.ValueKind != JsonValueKind.Object) throw CanonicalJson.Refuse(pointer, "must be an object that describes a node");
        var errors = new List<FieldError>();
        var fields = new Fields(CanonicalJson.Read(node, pointer), pointer, errors);
        var spec = new NodeSpec
        {
            NodeType = fields.Text("node_type"),
            Interval = fields.Interval("interval"),
            Period = fields.Whole("period", MaxPeriod),
            Params = fields.Params(),
            Dependencies = fields.Dependencies(),
            SchemaCompatId = fields.Text("schema_compat_id"),
            LegacySchemaId = fields.Text("schema_id"),
            CodeHash = fields.Text("code_hash"),
            ConfigHash = fields.Text("config_hash"),
            SchemaHash = fields.Text("schema_hash"),
            Name = fields.Text("name", MaxName),
            Tags = fields.Tags(),
            MatchMode = fields.Text("match_mode"),
            NodeId = fields.Text("node_id"),
        };
        if (errors.Count == 0 && spec.IsTagQuery) TagQuery.Check(spec, pointer, errors);
        if (errors.Count > 0)
            throw new RefusalException(ReasonCodes.SchemaInvalid, $"{(errors[0].Pointer.Length == 0 ? "The node" : errors[0].Pointer)} {errors[0].Message}.", errors);
        return spec;
    }

    private readonly struct Fields(CanonicalValue node, string pointer, List<FieldError> errors)
    {
        public string? Text(string field, int max = int.MaxValue)
        {
            var value = node[field];
            if (value is null || value.Kind == CanonicalKind.Null) return null;
            if (value.Kind != CanonicalKind.String) return Fail<string>(field, $"must be text, was {Describe(value)}");
            if (value.Text.Contains('|', StringComparison.Ordinal) && IsHashed(field)) return Fail<string>(field, "must not contain '|', which separates the hashed fields");
            return value.Text.Length <= max ? value.Text : Fail<string>(field, $"must have at most {max} characters, has {value.Text.Length}");
        }

        public int Whole(string field, int max)
        {
            var value = node[field];
            if (value is null || value.Kind == CanonicalKind.Null) return 0;
            return value.Kind == CanonicalKind.Number && int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max
                ? number
                : Fail<int>(field, $"must be a whole number from 1 to {max}, was {Describe(value)}");
        }

        public int Interval(string field)
        {
            if (node[field] is not { Kind: CanonicalKind.String } value) return Whole(field, MaxInterval);
            var seconds = value.Text.Length < 2 ? 0 : value.Text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
            return seconds > 0
                && int.TryParse(value.Text.AsSpan()[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && count > 0 && (long)count * seconds <= MaxInterval
                ? count * seconds
                : Fail<int>(field, $"must be seconds from 1 to {MaxInterval}, as a number or as text like \"60s\", \"5m\" or \"1h\", was {Describe(value)}");
        }

        public CanonicalValue Params()
        {
            var (field, value) = node["params"] is { Kind: not CanonicalKind.Null } given ? ("params", given) : ("config", node["config"]);
            if (value is null || value.Kind == CanonicalKind.Null) return CanonicalValue.Null;
            return value.Kind == CanonicalKind.Map ? value : Fail<CanonicalValue>(field, $"must be a map, was {Describe(value)}") ?? CanonicalValue.Null;
        }

        public List<string> Dependencies()
        {
            var dependencies = List("dependencies");
            var inputs = List("inputs");
            if (dependencies is null || inputs is null) return dependencies ?? inputs ?? [];
            if (!dependencies.Order(StringComparer.Ordinal).SequenceEqual(inputs.Order(StringComparer.Ordinal), StringComparer.Ordinal))
                Fail<string>("inputs", "must list the same nodes as dependencies; remove one of the two, or make them agree");
            return dependencies;
        }

        public List<string> Tags()
        {
            var tags = List("tags") ?? [];
            for (var i = 0; i < tags.Count; i++)
            {
                if (tags[i].Length > MaxTag) Fail<string>(JsonPointer.Append("tags", i), $"must have at most {MaxTag} characters, has {tags[i].Length}");
            }

            return tags;
        }

        private List<string>? List(string field)
        {
            var value = node[field];
            if (value is null || value.Kind == CanonicalKind.Null) return null;
            if (value.Kind != CanonicalKind.List) return Fail<List<string>>(field, $"must be a list, was {Describe(value)}");
            var list = new List<string>(value.Items.Count);
            for (var i = 0; i < value.Items.Count; i++)
            {
                var item = value.Items[i];
                if (item.Kind != CanonicalKind.String) Fail<string>(JsonPointer.Append(field, i), $"must be text, was {Describe(item)}");
                else if (item.Text.Length > 0) list.Add(item.Text);
            }

            return list;
        }

        private T? Fail<T>(string field, string message)
        {
            errors.Add(new FieldError($"{pointer}/{field}", message));
            return default;
        }

        // Only free texts that stand between separators in the pre-image can be confused with their neighbours.
        private static bool IsHashed(string field) => field is "node_type" or "schema_compat_id" or "schema_id" or "code_hash";

        private static string Describe(CanonicalValue value) => value.Kind switch
        {
            CanonicalKind.List => "a list",
            CanonicalKind.Map => "a map",
            CanonicalKind.String => $"\"{(value.Text.Length <= 40 ? value.Text : value.Text[..40] + "...")}\"",
            _ => value.Text,
        };
    }
}
