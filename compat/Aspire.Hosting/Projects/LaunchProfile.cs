using System.Text.Json;
using System.Text.Json.Serialization;

namespace Aspire.Hosting;

/// <summary>What a project's launchSettings.json says about starting it.</summary>
internal sealed record LaunchProfile
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNameCaseInsensitive = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    [JsonIgnore]
    public string Name { get; init; } = "";

    public string? CommandName { get; init; }

    public string? CommandLineArgs { get; init; }

    public string? ApplicationUrl { get; init; }

    public Dictionary<string, string> EnvironmentVariables { get; init; } = [];

    public IReadOnlyList<Uri> Urls =>
        [.. (ApplicationUrl ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(url => new Uri(url))];

    /// <summary>The profile asked for, else the first that starts the project; null when there is none.</summary>
    public static LaunchProfile? Find(string projectPath, string? name)
    {
        var file = Path.Combine(Path.GetDirectoryName(projectPath)!, "Properties", "launchSettings.json");
        var profiles = File.Exists(file) ? Read(file) : [];
        if (name is null) return profiles.FirstOrDefault(profile => string.Equals(profile.CommandName, "Project", StringComparison.OrdinalIgnoreCase));
        return profiles.FirstOrDefault(profile => profile.Name == name)
            ?? throw new DistributedApplicationException($"Launch settings file does not contain '{name}' profile ({file}).");
    }

    private static IReadOnlyList<LaunchProfile> Read(string file)
    {
        try
        {
            var settings = JsonSerializer.Deserialize<Settings>(File.ReadAllText(file), Format);
            return [.. (settings?.Profiles ?? []).Select(profile => profile.Value with { Name = profile.Key })];
        }
        catch (JsonException fault)
        {
            throw new DistributedApplicationException($"Failed to read {file}: {fault.Message}", fault);
        }
    }

    private sealed record Settings(Dictionary<string, LaunchProfile>? Profiles);
}
