using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Running;

/// <summary>Gives local servers their data folders: beside the AppHost for those with a volume, temporary for the others.</summary>
internal sealed class DataFolders : IDisposable
{
    private const string TemporaryPrefix = "qmtl-apphost-";

    private readonly string _kept;
    private readonly string _temporary;

    public DataFolders(IConfiguration configuration)
    {
        _kept = configuration["LocalServers:DataFolder"] is { Length: > 0 } given ? Path.GetFullPath(given) : Path.Combine(configuration["AppHost:Directory"]!, ".qmtl");
        var name = string.Create(CultureInfo.InvariantCulture, $"{TemporaryPrefix}{Environment.ProcessId}-{Guid.NewGuid():N}");
        _temporary = Path.Combine(Path.GetTempPath(), name);
    }

    /// <summary>The folder of a resource and whether it is kept.</summary>
    public (string Path, bool Keeps) For(IResource resource)
    {
        var keeps = resource.Annotations.OfType<ContainerMountAnnotation>().Any(mount => mount.Type is ContainerMountType.Volume);
        return (Path.Combine(keeps ? _kept : _temporary, resource.Name), keeps);
    }

    /// <summary>Removes temporary folders of AppHosts that were killed.</summary>
    public static void RemoveAbandoned()
    {
        foreach (var folder in Directory.GetDirectories(Path.GetTempPath(), TemporaryPrefix + "*"))
        {
            var owner = Path.GetFileName(folder)[TemporaryPrefix.Length..].Split('-')[0];
            if (int.TryParse(owner, CultureInfo.InvariantCulture, out _) && !Directory.Exists("/proc/" + owner)) Remove(folder);
        }
    }

    public void Dispose() => Remove(_temporary);

    private static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Somebody else's, or still being written by a server that is just ending: the next start tries again.
        }
    }
}
