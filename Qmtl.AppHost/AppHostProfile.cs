using Microsoft.Extensions.Configuration;

namespace Qmtl.AppHost;

/// <summary>Which servers the stack runs on, and why.</summary>
/// <param name="IsFull">Whether services are processes of their own on Postgres and Redis; otherwise one process holds everything.</param>
/// <param name="Reason">Why this profile was chosen.</param>
/// <param name="Given">The servers that configuration names, used as they are.</param>
/// <param name="HasContainers">Whether containers can be run.</param>
internal sealed record AppHostProfile(bool IsFull, string Reason, IReadOnlySet<string> Given, bool HasContainers)
{
    public const string Postgres = "postgres";
    public const string Redis = "redis";
    public const string Kafka = "kafka";

    private const string ByHand = "--profile decides otherwise";

    /// <summary>Decides by what was asked for, then by what is given, then by what answers.</summary>
    /// <param name="builder">The application being composed.</param>
    /// <param name="containersRun">Asks whether containers can be run; not called when the answer would change nothing.</param>
    public static AppHostProfile Choose(IDistributedApplicationBuilder builder, Func<bool> containersRun)
    {
        var given = new[] { Postgres, Redis, Kafka }.Where(name => builder.Configuration.GetConnectionString(name) is { Length: > 0 }).ToHashSet(StringComparer.Ordinal);
        if (builder.ExecutionContext.IsPublishMode) return new AppHostProfile(IsFull: true, "what is deployed are separate services", given, HasContainers: true);
        return builder.Configuration["profile"]?.ToUpperInvariant() switch
        {
            "EMBEDDED" => new AppHostProfile(IsFull: false, "--profile says so", given, HasContainers: false),
            "FULL" => new AppHostProfile(IsFull: true, "--profile says so", given, containersRun()),
            null => ByWhatIsThere(given, containersRun),
            _ => throw new DistributedApplicationException($"--profile is 'full' or 'embedded', not '{builder.Configuration["profile"]}'."),
        };
    }

    /// <inheritdoc />
    public override string ToString() => $"QMTL, profile {(IsFull ? "full" : "embedded")}: {Reason}.";

    private static AppHostProfile ByWhatIsThere(HashSet<string> given, Func<bool> containersRun)
    {
        var containers = containersRun();
        if (given.Count > 0)
        {
            var names = string.Join(", ", given.Order(StringComparer.Ordinal).Select(name => "ConnectionStrings:" + name));
            return new AppHostProfile(IsFull: true, $"{names} given; {ByHand}", given, containers);
        }

        return containers
            ? new AppHostProfile(IsFull: true, $"a container runtime answers; {ByHand}", given, HasContainers: true)
            : new AppHostProfile(IsFull: false, $"no container runtime answers and no ConnectionStrings are given; {ByHand}", given, HasContainers: false);
    }
}
