using System.Reflection;

namespace Aspire.Hosting;

/// <summary>How an application is composed.</summary>
public sealed class DistributedApplicationOptions
{
    private string? _projectDirectory;

    /// <summary>The command line.</summary>
    public string[]? Args { get; set; }

    /// <summary>The name of the AppHost's assembly; the entry assembly unless said.</summary>
    public string? AssemblyName { get; set; }

    /// <summary>Accepted; there is no dashboard to leave out.</summary>
    public bool DisableDashboard { get; set; }

    /// <summary>Accepted; addresses here are http.</summary>
    public bool AllowUnsecuredTransport { get; set; }

    /// <summary>The folder that paths are relative to: that of the AppHost's project.</summary>
    public string? ProjectDirectory
    {
        get => _projectDirectory ?? MetadataDirectory() ?? Directory.GetCurrentDirectory();
        set => _projectDirectory = value;
    }

    internal Assembly? Assembly => AssemblyName is null ? Assembly.GetEntryAssembly() : Assembly.Load(AssemblyName);

    /// <summary>What the AppHost's build wrote into its assembly; see AppHost.targets.</summary>
    private string? MetadataDirectory()
    {
        var path = Assembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(a => string.Equals(a.Key, "AppHostProjectPath", StringComparison.OrdinalIgnoreCase))?.Value;
        return Directory.Exists(path) ? path : null;
    }
}
