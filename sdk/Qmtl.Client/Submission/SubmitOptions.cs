using Qmtl.Data;
using Qmtl.Runtime;

namespace Qmtl.Client;

/// <summary>What a submission needs beside the strategy and its world.</summary>
public sealed record SubmitOptions
{
    /// <summary>Name of the variable that holds the Gateway's address.</summary>
    public const string GatewayVariable = "QMTL_GATEWAY";

    /// <summary>Name of the variable that holds the world to use when none is named.</summary>
    public const string WorldVariable = "QMTL_DEFAULT_WORLD";

    /// <summary>Environment variable with a bearer token for the Gateway.</summary>
    public const string TokenVariable = "QMTL_TOKEN";

    /// <summary>The world when neither a name nor the variable is given.</summary>
    public const string FallbackWorld = "__default__";

    /// <summary>The Gateway's HTTP address. Null: the variable <see cref="GatewayVariable"/>, else <see cref="Embedded"/>.</summary>
    public Uri? Gateway { get; init; }

    /// <summary>Bearer token for the Gateway. Null: the variable <see cref="TokenVariable"/>, else none.</summary>
    public string? Token { get; init; }

    /// <summary>Starts a stack in this process when there is no Gateway to go to.</summary>
    public IEmbeddedStackFactory? Embedded { get; init; }

    /// <summary>Where an embedded stack keeps its state.</summary>
    public string StateDirectory { get; init; } = ".qmtl";

    /// <summary>The bars to replay.</summary>
    public MarketData? Data { get; init; }

    /// <summary>A data set that the world declares, by its id.</summary>
    public string? DataPreset { get; init; }

    /// <summary>Parameters of the strategy by name.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Conditions of the replay.</summary>
    public ReplayOptions Replay { get; init; } = new();

    /// <summary>
    /// Returns to judge, as fractions, one a bar. Null: those that the strategy states (<see cref="Strategies.Strategy.Returns"/>, equity, profit), else
    /// <see cref="AutoReturns"/>, else the replay's.
    /// </summary>
    public IReadOnlyList<double>? Returns { get; init; }

    /// <summary>Takes returns from a price when neither these options nor the strategy state any. Null: the replay's count.</summary>
    public AutoReturnsConfig? AutoReturns { get; init; }

    /// <summary>What to subtract from stated returns.</summary>
    public MeasurementCosts Costs { get; init; } = new();

    /// <summary>Where the series that the strategy marks as artifacts are written after the replay. Null: nowhere.</summary>
    public IFeatureArtifactStore? Artifacts { get; init; }

    /// <summary>Shares nodes with other runs of the same world: what another computes is read, what is computed is published. Null: the run computes all for itself.</summary>
    public SharingOptions? Sharing { get; init; }

    /// <summary>Whether to measure and to ask the world for its judgement. Off: the strategy is taken in only.</summary>
    public bool AutoValidate { get; init; } = true;
}
