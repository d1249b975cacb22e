using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Finds the strategy that a person means: an id, or the name that the id begins with.</summary>
/// <remarks>A submission is given an id such as <c>sma-cross-87196008110d66b4</c>; nobody types that twice.</remarks>
internal static class StrategyNames
{
    /// <summary>The id of a strategy of a world.</summary>
    /// <param name="session">Where to ask.</param>
    /// <param name="world">The world's id.</param>
    /// <param name="given">An id, or the name of the only strategy that is called so; what is neither is given back for the world to refuse.</param>
    /// <param name="option">What it was given as.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="UsageException">Several strategies of the world are called so.</exception>
    public static async Task<string> StrategyAsync(this GatewaySession session, string world, string given, string option, CancellationToken cancellationToken)
    {
        var standings = await session.Client.GetAsync<ListStandingsResponse>($"{WorldCommands.PathOf(world)}/strategies", cancellationToken);
        return Choose([.. standings.Strategies.Select(standing => standing.StrategyId)], given, option);
    }

    /// <summary>Chooses among the ids of a world.</summary>
    public static string Choose(IReadOnlyList<string> ids, string given, string option)
    {
        if (given.Length == 0 || ids.Contains(given, StringComparer.Ordinal)) return given;
        string[] called = [.. ids.Where(id => IsCalled(id, given)).Order(StringComparer.Ordinal)];
        return called switch
        {
            [] => given,
            [var only] => only,
            _ => throw new UsageException(option, $"{called.Length} strategies of the world are called {given}; give the id of one: {string.Join(", ", called)}."),
        };
    }

    /// <summary>Whether an id is the name and the mark that a submission adds. "sma" is not what "sma-cross-87196008110d66b4" is called.</summary>
    private static bool IsCalled(string id, string name) =>
        id.Length > name.Length + 1 && id.StartsWith(name, StringComparison.Ordinal) && id[name.Length] == '-' && id.AsSpan(name.Length + 1).IndexOfAnyExcept(Hex) < 0;

    private static readonly System.Buffers.SearchValues<char> Hex = System.Buffers.SearchValues.Create("0123456789abcdef");
}
