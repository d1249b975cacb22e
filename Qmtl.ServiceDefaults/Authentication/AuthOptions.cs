using System.Net;
using System.Text;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>How callers are known.</summary>
public enum AuthMode
{
    /// <summary>Whoever calls from this machine is its owner; nobody else is let in.</summary>
    Local,

    /// <summary>By tokens of an identity provider.</summary>
    Token,
}

/// <summary>Section <c>Auth</c> of the configuration.</summary>
public sealed class AuthOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Auth";

    /// <summary>Bytes that a shared key has at least; what HMAC-SHA256 hashes with in full.</summary>
    public const int SmallestKey = 32;

    /// <summary>How callers are known; by default <see cref="AuthMode.Token"/> where an identity provider is set, else <see cref="AuthMode.Local"/> in Development.</summary>
    public AuthMode? Mode { get; set; }

    /// <summary>Address of the identity provider, which says by OpenID discovery what its keys are.</summary>
    public string? Authority { get; set; }

    /// <summary>Address of its keys, where it has no discovery; needs <see cref="Issuer"/>.</summary>
    public string? JwksUri { get; set; }

    /// <summary>Who must have issued a token; by default what discovery says.</summary>
    public string? Issuer { get; set; }

    /// <summary>For whom a token must be meant.</summary>
    public string? Audience { get; set; }

    /// <summary>The claim that has the roles, <c>{"world": "operator", "*": "reader"}</c> or a list of <c>world:role</c>.</summary>
    public string RolesClaim { get; set; } = "qmtl_roles";

    /// <summary>Key that the services share, at least 32 bytes of text: what they vouch for each other with.</summary>
    public string? ServiceKey { get; set; }

    /// <summary>By how much clocks may differ; 30 s, at most 5 min.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the provider's keys are read again at most, when a token names an unknown one; 30 s.</summary>
    public TimeSpan KeyRefresh { get; set; } = TimeSpan.FromSeconds(30);

    internal bool NamesProvider => Authority is { Length: > 0 } || JwksUri is { Length: > 0 };

    /// <summary>What callers are known by in an environment.</summary>
    /// <param name="environment">Name of the environment, for example <c>Production</c>.</param>
    /// <exception cref="InvalidOperationException">The settings leave it open who may call; the message names them.</exception>
    public AuthMode Decide(string environment)
    {
        var mode = Mode ?? (NamesProvider ? AuthMode.Token : IsForDevelopment(environment) ? AuthMode.Local : throw new InvalidOperationException(
            $"Nobody could be told apart in the environment {environment}: set {Section}:Authority (or {Section}:JwksUri and {Section}:Issuer), {Section}:Audience and {Section}:ServiceKey; "
            + $"{Section}:Mode=local serves only this machine, without signing in."));
        var missing = mode == AuthMode.Token ? MissingForTokens() : NamesProvider ? $"{Section}:Mode=local and an identity provider exclude each other; remove one of them." : null;
        if ((missing ?? Unfit()) is { } problem) throw new InvalidOperationException(problem);
        return mode;
    }

    internal static bool IsLoopback(Uri address) =>
        address.IsLoopback || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));

    private static bool IsForDevelopment(string environment) =>
        environment.Equals("Development", StringComparison.OrdinalIgnoreCase) || environment.Equals("Test", StringComparison.OrdinalIgnoreCase);

    private string? MissingForTokens()
    {
        var missing = new List<string>();
        if (!NamesProvider) missing.Add("Authority");
        if (Authority is not { Length: > 0 } && Issuer is not { Length: > 0 }) missing.Add("Issuer");
        if (Audience is not { Length: > 0 }) missing.Add("Audience");
        if (ServiceKey is not { Length: > 0 }) missing.Add("ServiceKey");
        return missing.Count == 0 ? null : $"Tokens cannot be checked without {string.Join(" and ", missing.Select(name => $"{Section}:{name}"))}.";
    }

    private string? Unfit()
    {
        if (ServiceKey is { Length: > 0 } key && Encoding.UTF8.GetByteCount(key) < SmallestKey)
            return $"{Section}:ServiceKey has {Encoding.UTF8.GetByteCount(key)} bytes: give at least {SmallestKey}, drawn at random.";
        if (ClockSkew < TimeSpan.Zero || ClockSkew > TimeSpan.FromMinutes(5)) return $"{Section}:ClockSkew was {ClockSkew}: give 0 to 5 minutes.";
        if (KeyRefresh < TimeSpan.FromSeconds(1)) return $"{Section}:KeyRefresh was {KeyRefresh}: give at least 1 s.";
        foreach (var (name, text) in new[] { (nameof(Authority), Authority), (nameof(JwksUri), JwksUri) })
        {
            if (text is not { Length: > 0 }) continue;
            if (!Uri.TryCreate(text, UriKind.Absolute, out var address)) return $"{Section}:{name} was '{text}': give an address.";
            // Keys that come over an open line are keys of whoever holds the line.
            if (address.Scheme != Uri.UriSchemeHttps && !IsLoopback(address)) return $"{Section}:{name} was '{text}': give an https address.";
        }

        return null;
    }
}
