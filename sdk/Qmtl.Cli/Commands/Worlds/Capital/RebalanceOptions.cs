using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Capital;

/// <summary>What is to be rebalanced: a whole request from a file, or shares from the command line.</summary>
internal sealed class RebalanceOptions
{
    private readonly Argument<string?> _file = new("FILE") { Description = "Shares before and after and the positions, as JSON; - reads the standard input. Instead of --target.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _target = new("--target", "-t") { Description = "Shares of total equity wanted, such as a=0.6,b=0.4.", HelpName = "SHARES" };
    private readonly Option<string?> _current = new("--current") { Description = "Shares now; as last set unless given.", HelpName = "SHARES" };
    private readonly Option<string?> _positions = new("--positions-file") { Description = "Open positions as a JSON array of world_id, strategy_id, symbol, qty, mark and, if there are several, venue; - reads the standard input.", HelpName = "FILE" };
    private readonly Option<double?> _equity = Numbers.OptionalDouble("--total-equity", "Total equity in account currency; needed with positions, else 1.");
    private readonly Option<string?> _mode = new("--mode") { Description = "scaling moves the positions; overlay and hybrid need the hedges that a FILE names.", HelpName = "MODE" };
    private readonly Option<int> _schema = Numbers.Whole("--schema-version", 0, "Version of the plan, 1 or 2; 0 is the newest.");

    public void AddTo(Command command)
    {
        command.Add(_file);
        foreach (var option in Shares) command.Add(option);
    }

    private Option[] Shares => [_target, _current, _positions, _equity, _mode, _schema];

    /// <summary>Reads everything that does not need a Gateway.</summary>
    public async Task<WantedRebalance> ReadAsync(CliRun run, CancellationToken cancellationToken)
    {
        if (run.Parse.GetValue(_file) is { } file)
        {
            if (Array.Find(Shares, option => run.Parse.GetResult(option) is { Implicit: false }) is { } beside)
                throw new UsageException(beside.Name, $"{beside.Name} and FILE exclude each other; write it into {file}.");
            return new WantedRebalance(Parse(await TextFile.ReadAsync(run.Host, file, cancellationToken), file), NeedsShares: false);
        }

        if (run.Get(_target) is not { } target) throw new UsageException(_target.Name, "What is wanted is missing; give FILE or --target SHARES.");
        var request = new MultiWorldRebalanceRequest { TotalEquity = run.Get(_equity) ?? 1, Mode = run.Get(_mode) ?? "", SchemaVersion = run.Get(_schema) };
        request.WorldAllocAfter.Add(ReadShares(_target.Name, target));
        if (run.Get(_current) is { } current) request.WorldAllocBefore.Add(ReadShares(_current.Name, current));
        if (run.Get(_positions) is { } positions)
        {
            if (run.Get(_equity) is null) throw new UsageException(_equity.Name, "--positions-file needs --total-equity: it says what part of the whole a position is.");
            request.Positions.Add(Parse($$"""{"positions":{{await TextFile.ReadAsync(run.Host, positions, cancellationToken)}}}""", positions).Positions);
        }

        return new WantedRebalance(request, NeedsShares: run.Get(_current) is null);
    }

    private static MultiWorldRebalanceRequest Parse(string text, string file)
    {
        try
        {
            return ProtoJson.Read<MultiWorldRebalanceRequest>(text);
        }
        catch (Exception problem) when (problem is JsonException or ProtoJsonException)
        {
            throw RefusalException.At(ReasonCodes.InvalidJson, "/file", $"{file} cannot be read: {problem.Message}");
        }
    }

    private static Dictionary<string, double> ReadShares(string option, string text)
    {
        var shares = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('=', 2, StringSplitOptions.TrimEntries) is not [{ Length: > 0 } world, var value] || !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) || share is not (>= 0 and <= 1))
                throw new UsageException(option, $"{option} must be world=share,world=share with shares 0 to 1, was \"{part}\".");
            if (!shares.TryAdd(world, share)) throw new UsageException(option, $"{option} gives {world} twice; leave one out.");
        }

        return shares.Count > 0 ? shares : throw new UsageException(option, $"{option} must name at least one world, such as a=0.6.");
    }
}

/// <summary>A request that may still lack the shares as they stand.</summary>
/// <param name="Request">What is wanted.</param>
/// <param name="NeedsShares">Whether the shares before come from the Gateway.</param>
internal sealed record WantedRebalance(MultiWorldRebalanceRequest Request, bool NeedsShares)
{
    /// <summary>The whole request.</summary>
    /// <exception cref="RefusalException">A world has no share: whether it holds nothing or nobody wrote it down is not for a guess.</exception>
    public async Task<MultiWorldRebalanceRequest> CompleteAsync(GatewayClient gateway, CancellationToken cancellationToken)
    {
        if (!NeedsShares) return Request;
        var current = await gateway.GetAsync<GetAllocationsResponse>("allocations", cancellationToken);
        foreach (var world in Request.WorldAllocAfter.Keys)
        {
            if (!current.Allocations.TryGetValue(world, out var share))
                throw new RefusalException(ReasonCodes.AllocationUnknown, $"World '{world}' has no share of the total equity yet; say what it has now with --current {world}=0.");
            Request.WorldAllocBefore[world] = share.Allocation;
        }

        return Request;
    }
}
