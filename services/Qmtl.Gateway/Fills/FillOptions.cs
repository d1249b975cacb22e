using System.Text;

namespace Qmtl.Gateway.Fills;

/// <summary>How fills are taken in. Section <c>Gateway:Fills</c>.</summary>
public sealed class FillOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Gateway:Fills";

    /// <summary>Where the secret may stand instead, for those who set it as a variable of its own.</summary>
    internal const string SecretVariable = "QMTL_FILL_SECRET";

    private const int SmallestSecret = 32;

    /// <summary>What requests are signed with, at least 32 bytes; empty takes only tokens.</summary>
    public string? Secret { get; set; }

    /// <summary>World to a secret of its own, in place of <see cref="Secret"/>.</summary>
    public Dictionary<string, string> WorldSecrets { get; set; } = new(StringComparer.Ordinal);

    /// <summary>How old the time of a signed request may be, or how far ahead; 5 min.</summary>
    public TimeSpan SignatureAge { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long it is remembered that a strategy belongs to a world; 1 min.</summary>
    public TimeSpan KnownFor { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The secret for a world; null where there is none.</summary>
    internal string? SecretOf(string worldId) => WorldSecrets.TryGetValue(worldId, out var own) ? own : Secret;

    /// <summary>The first thing wrong with these settings, or null.</summary>
    internal string? Problem()
    {
        var secrets = WorldSecrets.Select(pair => ($"WorldSecrets:{pair.Key}", pair.Value)).Append((nameof(Secret), Secret ?? ""));
        foreach (var (name, secret) in secrets.Where(pair => pair.Item2.Length > 0))
        {
            if (Encoding.UTF8.GetByteCount(secret) < SmallestSecret) return $"{Section}:{name} has {Encoding.UTF8.GetByteCount(secret)} bytes; give at least {SmallestSecret}, drawn at random.";
        }

        return SignatureAge <= TimeSpan.Zero || SignatureAge > TimeSpan.FromHours(1) ? $"{Section}:SignatureAge was {SignatureAge}; give up to 1 h." : null;
    }
}
