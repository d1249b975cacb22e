namespace Qmtl.Identity;

/// <summary>Whether an order may pass. The default value is CLOSED.</summary>
public enum OrderGate
{
    /// <summary>No order passes.</summary>
    Closed,

    /// <summary>Orders pass.</summary>
    Open,
}

/// <summary>Why the gate stands as it does.</summary>
public enum OrderGateReason
{
    /// <summary>No activation is known.</summary>
    ActivationUnknown,

    /// <summary>The activation known may be out of date.</summary>
    ActivationStale,

    /// <summary>The activation carries no mode, or a mode that nobody knows.</summary>
    ModeMissing,

    /// <summary>The mode allows no orders.</summary>
    ModeWithoutOrders,

    /// <summary>Shadow never sends an order.</summary>
    ShadowBlocked,

    /// <summary>The strategy's side is frozen.</summary>
    Frozen,

    /// <summary>The strategy's side is draining: open orders may finish, new ones may not begin.</summary>
    Drained,

    /// <summary>The strategy's side is not active.</summary>
    ActivationDisabled,

    /// <summary>The weight is not a number.</summary>
    WeightInvalid,

    /// <summary>Nothing stands against it.</summary>
    Active,
}

/// <summary>One strategy side's activation, as the gate reads it.</summary>
/// <param name="Active">Whether the world lets it trade.</param>
/// <param name="Weight">Its weight; values outside 0 to 1 are clamped.</param>
/// <param name="Freeze">Whether it is frozen.</param>
/// <param name="Drain">Whether it drains.</param>
public readonly record struct GateActivation(bool Active, double Weight = 1, bool Freeze = false, bool Drain = false);

/// <summary>The gate's answer.</summary>
/// <param name="Gate">OPEN or CLOSED.</param>
/// <param name="Reason">Why.</param>
/// <param name="Route">Where an order goes that passes; nowhere when the gate is closed.</param>
/// <param name="Weight">What order sizes are multiplied by, 0 to 1; 0 when the gate is closed.</param>
public readonly record struct OrderGateDecision(OrderGate Gate, OrderGateReason Reason, OrderRoute Route, double Weight)
{
    /// <summary>Whether orders pass.</summary>
    public bool IsOpen => Gate == OrderGate.Open;
}

/// <summary>The order gate. Whatever is missing, stale, unknown or contradictory closes it.</summary>
public static class OrderGates
{
    /// <summary>Decides from what is known about one side of a strategy.</summary>
    /// <param name="activation">The activation; null when none is known, or when the order's side is unknown.</param>
    /// <param name="mode">The mode the world granted; null when missing or unknown.</param>
    /// <param name="isStale">Whether the activation may be out of date.</param>
    public static OrderGateDecision Decide(GateActivation? activation, EffectiveMode? mode, bool isStale)
    {
        if (activation is not { } entry) return Closed(OrderGateReason.ActivationUnknown);
        if (isStale) return Closed(OrderGateReason.ActivationStale);
        if (mode is not { } granted) return Closed(OrderGateReason.ModeMissing);
        if (WhyBlocked(granted, entry) is { } reason) return Closed(reason);
        return new OrderGateDecision(OrderGate.Open, OrderGateReason.Active, ExecutionModes.Map(granted).Route, Math.Clamp(entry.Weight, 0, 1));
    }

    /// <summary>The gate's text: <c>OPEN</c> or <c>CLOSED</c>.</summary>
    public static string ToToken(this OrderGate gate) => gate == OrderGate.Open ? "OPEN" : "CLOSED";

    /// <summary>The reason's text in responses, logs and metrics.</summary>
    public static string ToToken(this OrderGateReason reason) => reason switch
    {
        OrderGateReason.ActivationStale => "activation_stale",
        OrderGateReason.ModeMissing => "mode_missing",
        OrderGateReason.ModeWithoutOrders => "mode_without_orders",
        OrderGateReason.ShadowBlocked => "shadow_blocked",
        OrderGateReason.Frozen => "frozen",
        OrderGateReason.Drained => "drained",
        OrderGateReason.ActivationDisabled => "activation_disabled",
        OrderGateReason.WeightInvalid => "weight_invalid",
        OrderGateReason.Active => "active",
        _ => "activation_unknown",
    };

    private static OrderGateReason? WhyBlocked(EffectiveMode mode, GateActivation entry)
    {
        if (mode == EffectiveMode.Shadow) return OrderGateReason.ShadowBlocked;
        if (ExecutionModes.Map(mode).Route == OrderRoute.None) return OrderGateReason.ModeWithoutOrders;
        // Freeze overrides drain.
        if (entry.Freeze) return OrderGateReason.Frozen;
        if (entry.Drain) return OrderGateReason.Drained;
        if (!entry.Active) return OrderGateReason.ActivationDisabled;
        return double.IsNaN(entry.Weight) ? OrderGateReason.WeightInvalid : null;
    }

    private static OrderGateDecision Closed(OrderGateReason reason) => new(OrderGate.Closed, reason, OrderRoute.None, 0);
}
