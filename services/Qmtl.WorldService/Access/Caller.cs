using Grpc.Core;

namespace Qmtl.WorldService.Access;

/// <summary>Who calls, as the Gateway says; what the audit records.</summary>
/// <param name="Subject">The authenticated subject; <c>anonymous</c> where nobody authenticates.</param>
/// <param name="Roles">Roles as given: <c>operator</c>, or <c>world:operator</c> for one world only.</param>
internal sealed record Caller(string Subject, IReadOnlyList<string> Roles, string CorrelationId)
{
    public const string SubjectHeader = "x-caller-sub";
    public const string RolesHeader = "x-world-roles";
    public const string CorrelationHeader = "x-correlation-id";

    private const string Anonymous = "anonymous";

    /// <summary>Whether somebody authenticated as <see cref="Subject"/>.</summary>
    public bool IsKnown => !string.Equals(Subject, Anonymous, StringComparison.Ordinal);

    /// <summary>What the rpc needs at least that is being called; null where nothing.</summary>
    public WorldRole? Needed { get; init; }

    public static Caller From(ServerCallContext context)
    {
        var headers = context.RequestHeaders;
        var subject = headers.GetValue(SubjectHeader);
        var correlation = headers.GetValue(CorrelationHeader);
        return new Caller(
            string.IsNullOrWhiteSpace(subject) ? Anonymous : subject,
            (headers.GetValue(RolesHeader) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            string.IsNullOrWhiteSpace(correlation) ? Guid.CreateVersion7().ToString("N") : correlation)
        { Needed = RpcRoles.Of(context.Method) };
    }
}
