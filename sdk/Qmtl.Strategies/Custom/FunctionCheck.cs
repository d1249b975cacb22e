using System.Reflection;
using System.Runtime.CompilerServices;

namespace Qmtl.Strategies;

/// <summary>Refuses functions whose result depends on anything but their windows and parameters: their identity would not say so.</summary>
/// <remarks>
/// A lambda that captures keeps what it captured in fields of an object; one that captures nothing has an object without fields, or none. Static fields
/// that can change are found in the function's own code. What it calls is not followed.
/// </remarks>
internal static class FunctionCheck
{
    public static void ThrowIfImpure(string node, Delegate function)
    {
        if (function.GetInvocationList().Length > 1) throw Refuse.Graph(node, "is given several functions at once; give one");
        if (function.Target is { } target) ThrowIfStateful(node, target.GetType());
        var global = MutableStatics.ReadBy(function.Method).FirstOrDefault();
        if (global is not null)
        {
            throw Refuse.Graph(
                node, $"uses {global.DeclaringType?.Name}.{global.Name}, a static field that can change; pass it as a parameter, make it const or readonly, or keep it in the state of the node");
        }
    }

    private static void ThrowIfStateful(string node, Type type)
    {
        var fields = FieldsOf(type).ToArray();
        if (fields.Length == 0) return;
        if (!type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
        {
            throw Refuse.Graph(
                node, $"reads members of {type.Name} (it has {string.Join(", ", fields.Select(NameOf))}); pass what it needs as parameters, parameters: [(\"name\", value)], and write the function static");
        }

        var names = fields.Select(NameOf).ToArray();
        throw Refuse.Graph(
            node, $"captures {string.Join(", ", names)}; pass {(names.Length == 1 ? "it" : "them")} as parameters, parameters: [(\"{names[0]}\", {names[0]})], so that the identity tells, and write the lambda static");
    }

    private static IEnumerable<FieldInfo> FieldsOf(Type type)
    {
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            foreach (var field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)) yield return field;
        }
    }

    /// <summary>The name in the source: the compiler calls "this" and the fields of properties and primary constructors something else.</summary>
    private static string NameOf(FieldInfo field) => field.Name switch
    {
        var name when name.Contains("__this", StringComparison.Ordinal) => "this",
        ['<', .. var rest] when rest.IndexOf('>', StringComparison.Ordinal) is > 0 and var end => rest[..end],
        var name => name,
    };
}
