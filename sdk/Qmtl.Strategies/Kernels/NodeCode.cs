using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>Names and versions the code of a custom node: on a kernel class, or on the lambda or method given to Compute. Raise the version whenever the results can change.</summary>
/// <remarks>Compiled code differs between machines and compilers; a declared version does not, so equal nodes get equal identities everywhere.</remarks>
/// <param name="name">A stable name, such as "acme.skew".</param>
/// <param name="version">A version, such as "1" or "1.2.0".</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, Inherited = false)]
public sealed class NodeCodeAttribute(string name, string version) : Attribute
{
    /// <summary>The stable name.</summary>
    public string Name { get; } = name;

    /// <summary>The version.</summary>
    public string Version { get; } = version;
}

/// <summary>What stands for an operator's code: a name and a version, built in or declared by an author.</summary>
internal readonly record struct NodeCode(string Name, string Version, bool IsBuiltIn)
{
    /// <summary>The code hash of the operator's nodes.</summary>
    public string Hash => IsBuiltIn ? ContentHash.OfOperator(Name, Version) : ContentHash.OfNodeCode(Name, Version);

    /// <summary>A built-in operator.</summary>
    public static NodeCode BuiltIn(string name, string version = "1") => new(name, version, IsBuiltIn: true);

    /// <summary>A custom operator, by the attribute on its class.</summary>
    public static NodeCode DeclaredBy(Type kernel) =>
        Attribute.GetCustomAttribute(kernel, typeof(NodeCodeAttribute)) is NodeCodeAttribute { Name.Length: > 0, Version.Length: > 0 } code
            ? new NodeCode(code.Name, code.Version, IsBuiltIn: false)
            : throw Refuse.Graph(kernel.Name, $"declares no [NodeCode(name, version)]; add one to class {kernel.FullName}, and raise its version when its results change");

    /// <summary>A custom operator, by the attribute on its lambda or method.</summary>
    public static NodeCode DeclaredBy(System.Reflection.MethodInfo function) =>
        Attribute.GetCustomAttribute(function, typeof(NodeCodeAttribute)) is NodeCodeAttribute { Name.Length: > 0, Version.Length: > 0 } code
            ? new NodeCode(code.Name, code.Version, IsBuiltIn: false)
            : throw Refuse.Graph(
                "compute", "is given a function without [NodeCode(name, version)]; write [NodeCode(\"acme.name\", \"1\")] static (view) => ..., and raise the version when its results change");
}
