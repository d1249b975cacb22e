using System.Text.Json;
using Grpc.Core;
using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.Gateway.Submissions;

/// <summary>Who brought a submission. The work on it goes on when the call is over, also in another process, and is done in that name.</summary>
/// <param name="Subject">As authenticated; empty where nobody was.</param>
/// <param name="Roles">The roles that were forwarded with it.</param>
internal sealed record Submitter(string Subject, string Roles)
{
    private const string SubjectHeader = "x-caller-sub";
    private const string RolesHeader = "x-world-roles";

    /// <summary>Nobody who is known.</summary>
    public static Submitter Unknown { get; } = new("", "");

    /// <summary>Who makes a call, as it would be forwarded.</summary>
    public static Submitter Of(ServerCallContext context)
    {
        var headers = context.ForwardedHeaders();
        return new Submitter(headers.GetValue(SubjectHeader) ?? "", headers.GetValue(RolesHeader) ?? "");
    }

    /// <summary>Reads what <see cref="ToText"/> wrote.</summary>
    public static Submitter Parse(string text) => text.Length == 0 ? Unknown : JsonSerializer.Deserialize<Submitter>(text) ?? Unknown;

    /// <summary>The submitter as it is stored.</summary>
    public string ToText() => this == Unknown ? "" : JsonSerializer.Serialize(this);

    /// <summary>The headers that say so to the next service.</summary>
    public Metadata ToHeaders()
    {
        var headers = new Metadata();
        if (Subject.Length > 0) headers.Add(SubjectHeader, Subject);
        if (Roles.Length > 0) headers.Add(RolesHeader, Roles);
        return headers;
    }
}
