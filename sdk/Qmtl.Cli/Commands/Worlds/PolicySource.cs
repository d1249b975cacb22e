using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>A policy to upload: a document of the user's, or a preset.</summary>
/// <param name="Text">The document.</param>
/// <param name="ContentType">What it is.</param>
/// <param name="Origin">Where it comes from, for people.</param>
internal sealed record PolicyUpload(string Text, string ContentType, string Origin)
{
    public Task<CreatePolicyResponse> SendAsync(GatewayClient gateway, string world, CancellationToken cancellationToken) =>
        gateway.PostAsync<CreatePolicyResponse>($"{WorldCommands.PathOf(world)}/policies", Text, ContentType, cancellationToken);
}

/// <summary>The options that name a preset.</summary>
internal sealed class PresetOptions
{
    private readonly Option<string?> _preset;
    private readonly Option<string?> _mode = new("--preset-mode") { Description = "How the world relates to the preset." };
    private readonly Option<string?> _version = new("--preset-version") { Description = "Version of the preset; by default the newest.", HelpName = "V" };
    private readonly Option<string[]> _overrides = KeyValues.Option("--preset-override", "METRIC.min|max=N", "A limit of the preset to change; repeatable.");

    public PresetOptions(string description)
    {
        _preset = new Option<string?>("--preset") { Description = description, HelpName = "NAME" };
        _mode.AcceptOneOf("shared", "clone", "extend");
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _preset, _mode, _version, _overrides }) command.Add(option);
    }

    /// <summary>Whether any of them was given.</summary>
    public bool AreGiven(CliRun run) => run.Get(_preset) is not null || run.Get(_mode) is not null || run.Get(_version) is not null || run.Get(_overrides) is { Length: > 0 };

    /// <summary>The preset as the document the Gateway takes.</summary>
    public PolicyUpload Read(CliRun run, string otherwise)
    {
        var preset = run.Get(_preset) ?? otherwise;
        var document = new JsonObject { ["preset"] = preset };
        if (run.Get(_mode) is { } mode) document["preset_mode"] = mode;
        if (run.Get(_version) is { } version) document["preset_version"] = version;
        if (Overrides(run) is { Count: > 0 } overrides) document["preset_overrides"] = overrides;
        return new PolicyUpload(document.ToJsonString(), "application/json", $"preset {preset}");
    }

    private JsonObject Overrides(CliRun run)
    {
        var overrides = new JsonObject();
        foreach (var (name, text) in KeyValues.Read(_overrides, run))
        {
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var limit) || !double.IsFinite(limit))
                throw new UsageException(_overrides.Name, $"{_overrides.Name} {name} must be a number, was \"{text}\".");
            overrides[name] = limit;
        }

        return overrides;
    }
}

/// <summary>Policies from files.</summary>
internal static class PolicyFile
{
    public static async Task<PolicyUpload> ReadAsync(CliRun run, string path, CancellationToken cancellationToken)
    {
        var text = await TextFile.ReadAsync(run.Host, path, cancellationToken);
        var json = Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase);
        return new PolicyUpload(text, json ? "application/json" : "application/yaml", path);
    }
}
