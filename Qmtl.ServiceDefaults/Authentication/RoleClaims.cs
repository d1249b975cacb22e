using System.Security.Claims;
using System.Text.Json;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>Reads roles from the claims of a verified token. What cannot be read grants nothing.</summary>
internal static class RoleClaims
{
    public static IReadOnlyList<WorldGrant> Read(ClaimsPrincipal principal, string claimType) =>
        [.. principal.FindAll(claimType).SelectMany(claim => Read(claim.Value)).Distinct()];

    private static IEnumerable<WorldGrant> Read(string value)
    {
        if (!value.StartsWith('{')) return value.Split((char[])[',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(WorldGrant.Read).OfType<WorldGrant>();
        try
        {
            using var document = JsonDocument.Parse(value);
            return [.. document.RootElement.EnumerateObject()
                .Where(entry => entry.Value.ValueKind == JsonValueKind.String)
                .Select(entry => WorldGrant.Of(entry.Name, entry.Value.GetString()!))
                .OfType<WorldGrant>()];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
