using System.Diagnostics;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Client;

/// <summary>Submits strategies to their world.</summary>
/// <remarks>
/// One call takes the strategy in, replays it, measures it, lets the world judge it, and returns the world's word beside the measurement. A submission
/// never names a mode and never changes a policy: those are the world's.
/// </remarks>
public static class Runner
{
    // A stack that has just started compiles whatever is called first.
    private static readonly TimeSpan EmbeddedReadLimit = TimeSpan.FromSeconds(10);

    internal static ActivitySource Source { get; } = new("Qmtl.Client");

    /// <summary>Submits a strategy class.</summary>
    /// <typeparam name="TStrategy">The strategy.</typeparam>
    /// <param name="world">The world's id. Null: the variable <c>QMTL_DEFAULT_WORLD</c>, else <c>__default__</c>.</param>
    /// <param name="options">Data, parameters and where the Gateway is.</param>
    /// <param name="cancellationToken">Gives up; what was acknowledged before stays.</param>
    /// <exception cref="RefusalException">The strategy, the data or the submission is mistaken, the world does not exist, or the Gateway does not answer.</exception>
    public static Task<SubmitResult> SubmitAsync<TStrategy>(string? world = null, SubmitOptions? options = null, CancellationToken cancellationToken = default)
        where TStrategy : Strategy, new() => SubmitAsync(new TStrategy(), world, options, cancellationToken);

    /// <summary>Submits a strategy.</summary>
    /// <param name="strategy">The strategy; parameters of <paramref name="options"/> are set on it.</param>
    /// <param name="world">The world's id. Null: the variable <c>QMTL_DEFAULT_WORLD</c>, else <c>__default__</c>.</param>
    /// <param name="options">Data, parameters and where the Gateway is.</param>
    /// <param name="cancellationToken">Gives up; what was acknowledged before stays.</param>
    /// <exception cref="RefusalException">The strategy, the data or the submission is mistaken, the world does not exist, or the Gateway does not answer.</exception>
    public static async Task<SubmitResult> SubmitAsync(Strategy strategy, string? world = null, SubmitOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        options ??= new SubmitOptions();
        strategy.With(options.Parameters);
        var data = DataOf(options);
        var worldId = First(world, Environment.GetEnvironmentVariable(SubmitOptions.WorldVariable), SubmitOptions.FallbackWorld);
        var replay = new KernelReplay();
        // Before a stack is started: what is mistaken here needs none.
        var submission = PreparedSubmission.Of(strategy, data, options, replay);
        var stack = await StackAsync(options, cancellationToken).ConfigureAwait(false);
        try
        {
            using var gateway = stack is null ? new GatewayClient(Address(options)!, Token(options)) : new GatewayClient(stack.GatewayHttp, Token(options)) { ReadLimit = EmbeddedReadLimit };
            return await new StrategySubmitter(gateway, replay, TimeProvider.System).SubmitAsync(submission, worldId, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (stack is not null) await stack.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static MarketData DataOf(SubmitOptions options)
    {
        if (options.DataPreset is { } preset)
        {
            throw new RefusalException(
                ReasonCodes.NotImplemented,
                $"Data presets of a world (\"{preset}\") cannot be served yet; give the bars with {nameof(SubmitOptions)}.{nameof(SubmitOptions.Data)} or --data.",
                [new FieldError("/data_preset", "cannot be served yet")]);
        }

        return options.Data
            ?? throw new RefusalException(ReasonCodes.InvalidArgument, $"There are no bars to replay; give them with {nameof(SubmitOptions)}.{nameof(SubmitOptions.Data)} or --data.", [new FieldError("/data", "is missing")]);
    }

    private static string? Token(SubmitOptions options) => options.Token ?? Environment.GetEnvironmentVariable(SubmitOptions.TokenVariable);

    private static Uri? Address(SubmitOptions options)
    {
        if (options.Gateway is { } given) return given;
        var text = Environment.GetEnvironmentVariable(SubmitOptions.GatewayVariable);
        if (string.IsNullOrWhiteSpace(text)) return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new RefusalException(ReasonCodes.InvalidArgument, $"{SubmitOptions.GatewayVariable} must be an http address, was \"{text}\".", [new FieldError("/gateway", "must be an http address")]);
    }

    private static async Task<IEmbeddedStack?> StackAsync(SubmitOptions options, CancellationToken cancellationToken)
    {
        if (Address(options) is not null) return null;
        if (options.Embedded is { } embedded) return await embedded.StartAsync(options.StateDirectory, cancellationToken).ConfigureAwait(false);
        throw new RefusalException(
            ReasonCodes.Unavailable,
            $"There is no gateway to submit to: set {SubmitOptions.GatewayVariable}, {nameof(SubmitOptions)}.{nameof(SubmitOptions.Gateway)}, or give an embedded stack.",
            [new FieldError("/gateway", "is missing")]);
    }

    private static string First(params ReadOnlySpan<string?> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (!string.IsNullOrWhiteSpace(candidate)) return candidate;
        }

        return "";
    }
}
