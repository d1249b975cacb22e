namespace Qmtl.Gateway.Rebalancing;

/// <summary>How plans become orders. Section <c>Gateway:Rebalancing</c>.</summary>
public sealed class RebalanceOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Gateway:Rebalancing";

    /// <summary>The newest version of plans that this gateway understands.</summary>
    public const int NewestSchema = 2;

    /// <summary>Whether orders may be written to the log; off, they are only worked out.</summary>
    public bool Submissions { get; set; } = true;

    /// <summary>Time in force of orders where the venue says nothing.</summary>
    public string TimeInForce { get; set; } = "GTC";

    /// <summary>How the account that all worlds share is netted and limited.</summary>
    public SharedAccountPolicy SharedAccount { get; set; } = new();

    /// <summary>Venue to what it takes; in any case of letters, <c>*</c> for those not named.</summary>
    public Dictionary<string, VenuePolicy> Venues { get; set; } = new(StringComparer.Ordinal);

    /// <summary>What a venue takes: by its name, by its name in lower case, by <c>*</c>, or everything.</summary>
    internal VenuePolicy PolicyOf(string venue) =>
        Venues.GetValueOrDefault(venue) ?? Venues.GetValueOrDefault(venue.ToLowerInvariant()) ?? Venues.GetValueOrDefault("*") ?? VenuePolicy.Plain;

    /// <summary>The first thing wrong with these settings, or null.</summary>
    internal string? Problem()
    {
        if (!VenuePolicy.IsTimeInForce(TimeInForce)) return $"{Section}:TimeInForce was '{TimeInForce}'; give DAY, GTC, IOC or FOK.";
        foreach (var (venue, policy) in Venues)
        {
            if (policy.DefaultTimeInForce is { } time && !VenuePolicy.IsTimeInForce(time)) return $"{Section}:Venues:{venue}:DefaultTimeInForce was '{time}'; give DAY, GTC, IOC or FOK.";
        }

        return SharedAccount.Problem();
    }
}

/// <summary>What a venue takes.</summary>
public sealed class VenuePolicy
{
    internal static readonly VenuePolicy Plain = new();

    /// <summary>Whether it knows orders that may only reduce a position; where not, the flag is left out.</summary>
    public bool SupportsReduceOnly { get; set; } = true;

    /// <summary>Whether such orders must be IOC there.</summary>
    public bool ReduceOnlyRequiresIoc { get; set; }

    /// <summary>Time in force of orders there; null for the general one.</summary>
    public string? DefaultTimeInForce { get; set; }

    internal static bool IsTimeInForce(string text) => text is "DAY" or "GTC" or "IOC" or "FOK";
}

/// <summary>Limits of an account that several worlds trade in.</summary>
public sealed class SharedAccountPolicy
{
    /// <summary>Whether orders may be netted over worlds.</summary>
    public bool Enabled { get; set; }

    /// <summary>Largest sum of |position| after the orders, in account currency; null for none.</summary>
    public double? MaxGrossNotional { get; set; }

    /// <summary>Largest |sum of positions|, before and after the orders, in account currency; null for none.</summary>
    public double? MaxNetNotional { get; set; }

    /// <summary>Smallest share of equity that |sum of positions| leaves free after the orders, 0 to 1; null for none.</summary>
    public double? MinMarginHeadroom { get; set; }

    internal string? Problem()
    {
        const string where = $"{RebalanceOptions.Section}:SharedAccount";
        if (MaxGrossNotional is < 0 or double.NaN) return $"{where}:MaxGrossNotional was {MaxGrossNotional}; give 0 or more.";
        if (MaxNetNotional is < 0 or double.NaN) return $"{where}:MaxNetNotional was {MaxNetNotional}; give 0 or more.";
        return MinMarginHeadroom is < 0 or > 1 or double.NaN ? $"{where}:MinMarginHeadroom was {MinMarginHeadroom}; give 0 to 1." : null;
    }
}
