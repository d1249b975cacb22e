namespace Qmtl.Gateway.Tokens;

/// <summary>The keys of the tokens that a Gateway gives out. Section <c>Gateway:Tokens</c>.</summary>
public sealed class TokenOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Gateway:Tokens";

    /// <summary>
    /// A PEM file of P-256 keys: the first private key signs, every key of the file verifies. Read again when it changes; a key that is no longer
    /// in it still verifies for the life of its tokens. All gateways of a deployment share it. To rotate without a refusal, append the new key
    /// first, and move it to the front once every gateway has read it.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>The PEM text itself, where secrets come as settings. Excludes <see cref="KeyFile"/>.</summary>
    public string? KeyPem { get; set; }

    /// <summary>The password of encrypted PKCS#8 keys.</summary>
    public string? KeyPassword { get; set; }

    /// <summary>Allows a random key that ends with the process, also in Production: for a stack that nobody outside its process reaches.</summary>
    public bool EphemeralKey { get; set; }

    /// <summary>How often the key file is looked at; 5 s.</summary>
    public TimeSpan RefreshEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The first thing wrong with these settings, or null.</summary>
    internal string? Problem(IHostEnvironment environment) =>
        KeyFile is { Length: > 0 } && KeyPem is { Length: > 0 } ? $"{Section}:KeyFile and {Section}:KeyPem were both set; keep one."
        : RefreshEvery <= TimeSpan.Zero ? $"{Section}:RefreshEvery was {RefreshEvery}; it must be positive."
        : environment.IsProduction() && !HasKey && !EphemeralKey
            ? $"{Section}:KeyFile (or {Section}:KeyPem) was not set; in Production the Gateway signs tokens only with a key it is given. Make one with: openssl ecparam -name prime256v1 -genkey -noout."
        : null;

    internal bool HasKey => KeyFile is { Length: > 0 } || KeyPem is { Length: > 0 };
}
