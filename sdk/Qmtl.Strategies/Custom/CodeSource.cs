using System.Reflection;

namespace Qmtl.Strategies;

/// <summary>Tells whether two nodes of one identity run the same code of their author's.</summary>
internal static class CodeSource
{
    /// <summary>Refuses <paramref name="other"/> to stand for <paramref name="node"/>, whose identity it has, when its code is written elsewhere.</summary>
    public static void ThrowIfDifferent(Node node, Node other)
    {
        var (one, two) = (node.Kernel!.Source, other.Kernel!.Source);
        if (AreSame(one, two)) return;
        throw Refuse.Graph(
            node.Kernel.Code.Name, $"is the name and version of two pieces of code, in {OwnerOf(one)} and in {OwnerOf(two)}; give each [NodeCode] a name of its own, or share one static method");
    }

    // An assembly that is loaded twice, once for each of its strategies, has each piece of code twice.
    private static bool AreSame(MemberInfo one, MemberInfo two) =>
        one == two
        || IsBuiltIn(one) && IsBuiltIn(two)
        || one.Module.ModuleVersionId == two.Module.ModuleVersionId && one.MetadataToken == two.MetadataToken && string.Equals(NameOf(one), NameOf(two), StringComparison.Ordinal);

    // The code of our own operators is told apart by their names, whichever class runs them.
    private static bool IsBuiltIn(MemberInfo source) => source.Module.Assembly == typeof(CodeSource).Assembly;

    private static string NameOf(MemberInfo source) => $"{source.DeclaringType}.{source}";

    /// <summary>The class that an author wrote: lambdas live in classes of the compiler's inside of it.</summary>
    private static string OwnerOf(MemberInfo source)
    {
        var type = source as Type ?? source.DeclaringType;
        while (type is { DeclaringType: { } outer } && type.Name.StartsWith('<')) type = outer;
        return type?.Name ?? source.Name;
    }
}
