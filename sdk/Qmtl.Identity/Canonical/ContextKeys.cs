namespace Qmtl.Identity;

/// <summary>
/// Parameter names that describe where or when a node runs rather than what it computes. They never reach an identity: the same node in two
/// worlds is one node.
/// </summary>
public static class ContextKeys
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "world", "world_id", "world_ids", "execution_world", "execution_domain", "domain", "domains", "as_of", "partition",
        "dataset_fingerprint", "timestamp", "seed", "random_state", "env",
    };

    /// <summary>Whether <paramref name="key"/>, in any case, is stripped from parameters before hashing.</summary>
    public static bool IsContext(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        // Lower-cased rather than compared ignoring case, which would also match characters that merely have the same upper case.
        var lower = key.ToLowerInvariant();
        return Names.Contains(lower) || lower.StartsWith("env_", StringComparison.Ordinal);
    }

    /// <summary>The value without context keys, at any depth.</summary>
    public static CanonicalValue Strip(CanonicalValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        // Parameters have none as a rule, and are then already what is left of them.
        if (!Contains(value)) return value;
        return value.Kind switch
        {
            CanonicalKind.Map => CanonicalValue.Map(
                value.Members.Where(member => !IsContext(member.Key)).Select(member => KeyValuePair.Create(member.Key, Strip(member.Value)))),
            CanonicalKind.List => CanonicalValue.List(value.Items.Select(Strip)),
            _ => value,
        };
    }

    /// <summary>The JSON pointers of all context keys in <paramref name="value"/>.</summary>
    public static IEnumerable<string> Find(CanonicalValue value, string pointer = "")
    {
        ArgumentNullException.ThrowIfNull(value);
        foreach (var (key, member) in value.Members)
        {
            var at = JsonPointer.Append(pointer, key);
            if (IsContext(key)) yield return at;
            else foreach (var inner in Find(member, at)) yield return inner;
        }

        for (var i = 0; i < value.Items.Count; i++)
        {
            foreach (var inner in Find(value.Items[i], JsonPointer.Append(pointer, i))) yield return inner;
        }
    }

    /// <summary>
    /// Refuses parameters with context keys. Authoring does this: stripping them silently would give two nodes one identity although they compute
    /// different things.
    /// </summary>
    public static void Refuse(CanonicalValue parameters, string pointer = "/params")
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (!Contains(parameters)) return;
        FieldError[] errors =
        [
            .. Find(parameters, pointer).Select(at => new FieldError(
                at, "describes a context, not a computation; rename the parameter, or pass the value through the execution context")),
        ];
        if (errors.Length > 0)
            throw new RefusalException(ReasonCodes.SchemaInvalid, $"Node parameters must not use the name {errors[0].Pointer.Split('/')[^1]}.", errors);
    }

    private static bool Contains(CanonicalValue value)
    {
        foreach (var (key, member) in value.Members)
        {
            if (IsContext(key) || Contains(member)) return true;
        }

        foreach (var item in value.Items)
        {
            if (Contains(item)) return true;
        }

        return false;
    }
}
