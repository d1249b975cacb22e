namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>What the parts of this system may do for themselves: no more than their background work needs.</summary>
internal static class ServiceGrants
{
    public const string Gateway = "gateway";
    public const string Dashboard = "dashboard";

    private static readonly IReadOnlyList<WorldGrant> ReadEverything = [new(WorldGrant.EveryWorld, WorldRole.Reader)];

    /// <summary>The roles of a service; none for those that only answer.</summary>
    public static IReadOnlyList<WorldGrant> Of(string service) => service is Gateway or Dashboard ? ReadEverything : [];

    /// <summary>Whether a service may name somebody else as the caller: only the door through which callers come in.</summary>
    public static bool MayVouch(string service) => string.Equals(service, Gateway, StringComparison.Ordinal);
}
