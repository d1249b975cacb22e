namespace Qmtl.Identity;

/// <summary>Where computation and orders take effect.</summary>
public enum ExecutionDomain
{
    /// <summary>On history, without orders.</summary>
    Backtest,

    /// <summary>On live data, with simulated orders.</summary>
    Dryrun,

    /// <summary>On live data, with real orders where the order gate is open.</summary>
    Live,

    /// <summary>Beside live, never sending an order.</summary>
    Shadow,
}

/// <summary>What a world lets a strategy do.</summary>
public enum EffectiveMode
{
    /// <summary>Be validated; also what every unknown mode means.</summary>
    Validate,

    /// <summary>Compute without orders.</summary>
    ComputeOnly,

    /// <summary>Trade on paper.</summary>
    Paper,

    /// <summary>Trade.</summary>
    Live,

    /// <summary>Run beside live without orders; only an operator grants it.</summary>
    Shadow,
}

/// <summary>Where an order may go in a mode.</summary>
public enum OrderRoute
{
    /// <summary>Nowhere.</summary>
    None,

    /// <summary>To the simulated venue.</summary>
    Simulated,

    /// <summary>To the broker, if the activation allows.</summary>
    Broker,
}

/// <summary>What a mode means: its canonical form, the domain it runs in, and where orders may go.</summary>
/// <param name="Mode">The canonical mode.</param>
/// <param name="Domain">The execution domain.</param>
/// <param name="Route">Where orders may go.</param>
public readonly record struct ModeMapping(EffectiveMode Mode, ExecutionDomain Domain, OrderRoute Route);

/// <summary>The one place that knows which texts name which mode and domain, and which mode runs in which domain.</summary>
public static class ExecutionModes
{
    private static readonly Dictionary<string, EffectiveMode> ModeTokens = new(StringComparer.Ordinal)
    {
        ["validate"] = EffectiveMode.Validate,
        ["compute-only"] = EffectiveMode.ComputeOnly,
        ["compute_only"] = EffectiveMode.ComputeOnly,
        ["computeonly"] = EffectiveMode.ComputeOnly,
        ["paper"] = EffectiveMode.Paper,
        ["sim"] = EffectiveMode.Paper,
        ["simulation"] = EffectiveMode.Paper,
        ["simulated"] = EffectiveMode.Paper,
        ["papertrade"] = EffectiveMode.Paper,
        ["papertrading"] = EffectiveMode.Paper,
        ["paper_trading"] = EffectiveMode.Paper,
        ["live"] = EffectiveMode.Live,
        ["active"] = EffectiveMode.Live,
        ["shadow"] = EffectiveMode.Shadow,
    };

    private static readonly Dictionary<string, ExecutionDomain> DomainTokens = new(StringComparer.Ordinal)
    {
        ["backtest"] = ExecutionDomain.Backtest,
        ["backtesting"] = ExecutionDomain.Backtest,
        ["compute"] = ExecutionDomain.Backtest,
        ["computeonly"] = ExecutionDomain.Backtest,
        ["offline"] = ExecutionDomain.Backtest,
        ["sandbox"] = ExecutionDomain.Backtest,
        ["validate"] = ExecutionDomain.Backtest,
        ["validation"] = ExecutionDomain.Backtest,
        ["dryrun"] = ExecutionDomain.Dryrun,
        ["dryrunmode"] = ExecutionDomain.Dryrun,
        ["paper"] = ExecutionDomain.Dryrun,
        ["papermode"] = ExecutionDomain.Dryrun,
        ["papertrade"] = ExecutionDomain.Dryrun,
        ["papertrading"] = ExecutionDomain.Dryrun,
        ["papertrader"] = ExecutionDomain.Dryrun,
        ["sim"] = ExecutionDomain.Dryrun,
        ["simulation"] = ExecutionDomain.Dryrun,
        ["simulated"] = ExecutionDomain.Dryrun,
        ["live"] = ExecutionDomain.Live,
        ["prod"] = ExecutionDomain.Live,
        ["production"] = ExecutionDomain.Live,
        ["shadow"] = ExecutionDomain.Shadow,
    };

    private static readonly Dictionary<string, ExecutionDomain> ExplicitTokens = new(StringComparer.Ordinal)
    {
        ["backtest"] = ExecutionDomain.Backtest,
        ["backtesting"] = ExecutionDomain.Backtest,
        ["dryrun"] = ExecutionDomain.Dryrun,
        ["dry-run"] = ExecutionDomain.Dryrun,
        ["dry_run"] = ExecutionDomain.Dryrun,
        ["paper"] = ExecutionDomain.Dryrun,
        ["live"] = ExecutionDomain.Live,
        ["prod"] = ExecutionDomain.Live,
        ["production"] = ExecutionDomain.Live,
        ["shadow"] = ExecutionDomain.Shadow,
    };

    /// <summary>What the mode named <paramref name="token"/> means. An unknown or missing mode is <see cref="EffectiveMode.Validate"/>.</summary>
    public static ModeMapping Map(string? token) => Map(ParseMode(token) ?? EffectiveMode.Validate);

    /// <summary>What <paramref name="mode"/> means.</summary>
    public static ModeMapping Map(EffectiveMode mode) => mode switch
    {
        EffectiveMode.ComputeOnly => new(mode, ExecutionDomain.Backtest, OrderRoute.None),
        EffectiveMode.Paper => new(mode, ExecutionDomain.Dryrun, OrderRoute.Simulated),
        EffectiveMode.Live => new(mode, ExecutionDomain.Live, OrderRoute.Broker),
        EffectiveMode.Shadow => new(mode, ExecutionDomain.Shadow, OrderRoute.None),
        _ => new(EffectiveMode.Validate, ExecutionDomain.Backtest, OrderRoute.None),
    };

    /// <summary>The mode that <paramref name="token"/> names in any case, or null when it names none.</summary>
    public static EffectiveMode? ParseMode(string? token) =>
        token is not null && ModeTokens.TryGetValue(token.Trim().ToLowerInvariant(), out var mode) ? mode : null;

    /// <summary>
    /// The domain that <paramref name="token"/> names, or null when it is absent (empty, <c>default</c>) or unknown. Case, spaces, <c>_</c> and
    /// <c>-</c> do not matter, nor does what follows a <c>/</c> or <c>:</c>.
    /// </summary>
    public static ExecutionDomain? ParseDomain(string? token)
    {
        if (token is null) return null;
        var end = token.AsSpan().IndexOfAny('/', ':');
        var head = end < 0 ? token : token[..end];
        var key = string.Concat(head.Where(c => !char.IsWhiteSpace(c) && c is not '_' and not '-')).ToLowerInvariant();
        return DomainTokens.TryGetValue(key, out var domain) ? domain : null;
    }

    /// <summary>The domain of a mode that a person typed, where only plain words are accepted.</summary>
    /// <exception cref="RefusalException">The word is none of them; the message says what to write instead.</exception>
    public static ExecutionDomain ParseExplicit(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (ExplicitTokens.TryGetValue(token.Trim().ToLowerInvariant(), out var domain)) return domain;
        var advice = ParseDomain(token) is { } meant
            ? $"\"{token}\" is no longer accepted; write \"{meant.ToToken()}\""
            : $"\"{token}\" is not a mode; write \"backtest\", \"dryrun\", \"live\" or \"shadow\"";
        throw new RefusalException(ReasonCodes.InvalidArgument, $"{advice}.", [new FieldError("/mode", advice)]);
    }

    /// <summary>The domain's text on the wire.</summary>
    public static string ToToken(this ExecutionDomain domain) => domain switch
    {
        ExecutionDomain.Dryrun => "dryrun",
        ExecutionDomain.Live => "live",
        ExecutionDomain.Shadow => "shadow",
        _ => "backtest",
    };

    /// <summary>The mode's text on the wire.</summary>
    public static string ToToken(this EffectiveMode mode) => mode switch
    {
        EffectiveMode.ComputeOnly => "compute-only",
        EffectiveMode.Paper => "paper",
        EffectiveMode.Live => "live",
        EffectiveMode.Shadow => "shadow",
        _ => "validate",
    };
}
