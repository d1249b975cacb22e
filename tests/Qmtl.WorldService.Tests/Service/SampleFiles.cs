namespace Qmtl.WorldService.Tests.Service;

/// <summary>Files of this repository that tests read.</summary>
internal static class SampleFiles
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) => Directory.Exists(Path.Combine(folder, "samples", "worlds")) ? folder
        : Path.GetDirectoryName(folder) is { } parent ? Find(parent)
        : throw new InvalidOperationException("samples/worlds is not above the tests.");
}
