namespace Qmtl.Gateway.Tokens;

/// <summary>Whom tokens are for.</summary>
internal static class TokenAudiences
{
    /// <summary>Followers of events.</summary>
    public const string Events = "controlbus";

    /// <summary>Reporters of fills.</summary>
    public const string Fills = "fills";
}

/// <summary>What a token allows.</summary>
/// <param name="Audience">One of <see cref="TokenAudiences"/>.</param>
/// <param name="Subject">Who asked for it, authenticated.</param>
/// <param name="WorldId">The one world it is about.</param>
/// <param name="StrategyId">The one strategy it is about; empty means all of the world.</param>
/// <param name="Topics">Topics of events; empty where it is not about events.</param>
internal sealed record TokenGrant(string Audience, string Subject, string WorldId, string StrategyId, IReadOnlyList<string> Topics);

/// <summary>A token as it was read, valid at that moment.</summary>
/// <param name="Id">The claim <c>jti</c>.</param>
/// <param name="Grant">What it allows.</param>
/// <param name="ExpiresAt">The claim <c>exp</c>; it is accepted until <see cref="EventTokens.Skew"/> later.</param>
internal sealed record EventToken(string Id, TokenGrant Grant, DateTimeOffset ExpiresAt);

/// <summary>A token as it is given out.</summary>
/// <param name="Text">The JWT.</param>
/// <param name="ExpiresAt">When it ends.</param>
internal sealed record IssuedToken(string Text, DateTimeOffset ExpiresAt);
