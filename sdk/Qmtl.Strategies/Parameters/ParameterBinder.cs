namespace Qmtl.Strategies;

/// <summary>Gives parameters the values a user named.</summary>
internal static class ParameterBinder
{
    /// <summary>Sets each named value; an unknown name is refused with the nearest one that exists.</summary>
    public static void Bind(string owner, IReadOnlyList<Param> parameters, IReadOnlyDictionary<string, string> values)
    {
        foreach (var (name, text) in values)
        {
            var parameter = parameters.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.Ordinal))
                ?? throw Refuse.UnknownParameter(owner, name, [.. parameters.Select(p => p.Name)]);
            parameter.Bind(text);
        }
    }

    /// <summary>Two parameters of one name would make one of them unreachable.</summary>
    public static void RefuseDuplicates(string owner, IReadOnlyList<Param> parameters)
    {
        var twice = parameters.GroupBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw Refuse.Graph(owner, $"declares the parameter {twice.Key} {twice.Count()} times; names must differ");
    }
}
