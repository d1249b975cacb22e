using System.Globalization;
using Google.Api;
using Google.Protobuf.Reflection;
using Qmtl.V1;

namespace Qmtl.Protos.Tests;

/// <summary>The contract as the generated code knows it, and the files it comes from.</summary>
internal static class Contract
{
    /// <summary>Folder of the .proto files.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "protos");

    /// <summary>Every .proto file, relative to the folder.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.proto", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>The services of qmtl.v1.</summary>
    public static IReadOnlyList<ServiceDescriptor> Services { get; } = [WorldService.Descriptor, Gateway.Descriptor, DagManager.Descriptor];

    /// <summary>The files of qmtl.v1, with all they import.</summary>
    public static IEnumerable<FileDescriptor> Descriptors() =>
        Reachable([.. Services.Select(service => service.File)]).Where(file => file.Package is "qmtl.v1").OrderBy(file => file.Name, StringComparer.Ordinal);

    /// <summary>The messages of qmtl.v1.</summary>
    public static IEnumerable<MessageDescriptor> Messages() => Descriptors().SelectMany(file => file.MessageTypes);

    /// <summary>Routes as "GET /worlds/{world_id} GetWorld".</summary>
    public static IEnumerable<string> Routes(ServiceDescriptor service) =>
        from method in service.Methods
        let rule = method.GetOptions()?.GetExtension(AnnotationsExtensions.Http)
        where rule is not null
        from binding in rule.AdditionalBindings.Prepend(rule)
        select $"{binding.PatternCase.ToString().ToUpperInvariant()} {Template(binding)} {method.Name}";

    /// <summary>What must not change about a field: its number, name, type and how often it occurs.</summary>
    public static IEnumerable<string> Lines() =>
        from message in Messages()
        from field in message.Fields.InFieldNumberOrder()
        select string.Create(CultureInfo.InvariantCulture, $"{message.FullName} {field.FieldNumber} {field.Name} {Kind(field)}");

    private static string Template(HttpRule rule) => rule.Get + rule.Put + rule.Post + rule.Delete + rule.Patch;

    private static string Kind(FieldDescriptor field)
    {
        if (field.IsMap) return $"map<{Kind(field.MessageType.FindFieldByNumber(1))},{Kind(field.MessageType.FindFieldByNumber(2))}>";
        var type = field.FieldType == FieldType.Message ? field.MessageType.FullName : field.FieldType.ToString().ToLowerInvariant();
        return field.IsRepeated ? $"repeated {type}" : type;
    }

    private static HashSet<FileDescriptor> Reachable(IReadOnlyList<FileDescriptor> roots)
    {
        var seen = new HashSet<FileDescriptor>();
        var open = new Stack<FileDescriptor>(roots);
        while (open.TryPop(out var file))
        {
            if (!seen.Add(file)) continue;
            foreach (var dependency in file.Dependencies) open.Push(dependency);
        }

        return seen;
    }
}
