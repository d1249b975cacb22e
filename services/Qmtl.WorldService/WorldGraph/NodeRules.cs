using System.Globalization;
using System.Text.RegularExpressions;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.WorldGraph;

/// <summary>What requests about nodes and verdicts must satisfy. Pure.</summary>
internal static partial class NodeRules
{
    private const int MaxId = 300;
    private const int MaxPart = 500;

    /// <summary>Clocks of machines differ by so much at most.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    public static void CheckNodeId(string nodeId, string pointer = "/node_id")
    {
        if (nodeId.Length is 0 or > MaxId) throw Refuse.Field(pointer, string.Create(CultureInfo.InvariantCulture, $"must be 1 to {MaxId} characters"));
    }

    /// <summary>The domain's one name; empty is backtest, which can harm nobody.</summary>
    public static ExecutionDomain ReadDomain(string domain, string pointer = "/execution_domain") => domain switch
    {
        "" or "backtest" => ExecutionDomain.Backtest,
        "dryrun" => ExecutionDomain.Dryrun,
        "live" => ExecutionDomain.Live,
        "shadow" => ExecutionDomain.Shadow,
        _ => throw Refuse.Field(pointer, $"must be backtest, dryrun, live or shadow, was '{domain}'"),
    };

    /// <summary>The domain's name as a filter; empty is all.</summary>
    public static string ReadFilter(string domain) => domain.Length == 0 ? "" : ReadDomain(domain).ToToken();

    public static void CheckLive(WorldRow world, ExecutionDomain domain, string status)
    {
        if (domain is ExecutionDomain.Live && status == NodeStatuses.Running && !world.AllowLive)
            throw new RefusalException(ReasonCodes.LiveDisabled, $"World '{world.WorldId}' does not allow live, so none of its nodes runs there.");
    }

    public static void CheckEvalKey(string? evalKey)
    {
        if (evalKey is not null && !EvalKeyPattern().IsMatch(evalKey)) throw Refuse.Field("/last_eval_key", "must be 'blake3:' and 64 hex digits");
    }

    /// <summary>The key of a verdict.</summary>
    public static EvalKey ReadKey(string worldId, EvalKeyParts? parts)
    {
        if (parts is null) throw Refuse.Field("/key", "is missing");
        CheckNodeId(parts.NodeId, "/key/node_id");
        foreach (var (name, value) in new[] { ("contract_id", parts.ContractId), ("dataset_fingerprint", parts.DatasetFingerprint), ("code_version", parts.CodeVersion) })
        {
            // A verdict that does not say what it rests on would be found for everything.
            if (value.Length is 0 or > MaxPart) throw Refuse.Field("/key/" + name, string.Create(CultureInfo.InvariantCulture, $"must be 1 to {MaxPart} characters"));
        }

        if (parts.ResourcePolicy.Length > MaxPart) throw Refuse.Field("/key/resource_policy", string.Create(CultureInfo.InvariantCulture, $"must be {MaxPart} characters at most"));
        return new EvalKey(worldId, parts.NodeId, ReadDomain(parts.ExecutionDomain, "/key/execution_domain"), parts.ContractId, parts.DatasetFingerprint, parts.CodeVersion, parts.ResourcePolicy);
    }

    public static void CheckVerdict(StoreValidationRequest request, DateTimeOffset now)
    {
        if (request.Result is not ("valid" or "invalid" or "warning")) throw Refuse.Field("/result", $"must be valid, invalid or warning, was '{request.Result}'");
        if (request.Timestamp is { } found && found.ToDateTimeOffset() > now + Skew) throw Refuse.Field("/timestamp", "lies in the future");
    }

    [GeneratedRegex("^blake3:[0-9a-f]{64}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex EvalKeyPattern();
}
