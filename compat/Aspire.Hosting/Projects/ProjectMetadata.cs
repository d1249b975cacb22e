using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Where a project is.</summary>
public interface IProjectMetadata : IResourceAnnotation
{
    /// <summary>The path of the project file.</summary>
    string ProjectPath { get; }
}

/// <summary>How a project is added.</summary>
public class ProjectResourceOptions
{
    /// <summary>The launch profile to use; the first that starts the project unless said.</summary>
    public string? LaunchProfileName { get; set; }

    /// <summary>Whether launch profiles are left alone.</summary>
    public bool ExcludeLaunchProfile { get; set; }

    /// <summary>Accepted; Kestrel endpoints of appsettings are not read here.</summary>
    public bool ExcludeKestrelEndpoints { get; set; }
}

internal sealed class ProjectMetadata(string path) : IProjectMetadata
{
    /// <remarks>A folder stands for the one project file in it.</remarks>
    public string ProjectPath { get; } =
        Directory.Exists(path) && Directory.GetFiles(path, "*.*proj") is [var only] ? only : path;
}
