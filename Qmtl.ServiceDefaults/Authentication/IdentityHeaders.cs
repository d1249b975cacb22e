using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>The headers in which one service tells another who asks. They count only beside a service token, and are taken off every request before a handler sees it.</summary>
internal static class IdentityHeaders
{
    public const string Subject = "x-caller-sub";
    public const string Roles = "x-world-roles";

    private static readonly string[] All = [Subject, Roles, "x-caller-claims", ServiceCredentials.Header];

    public static void Strip(IHeaderDictionary headers)
    {
        foreach (var name in All) headers.Remove(name);
    }

    /// <summary>Names the caller for the next service.</summary>
    public static void Add(Metadata headers, CallerIdentity caller)
    {
        headers.Add(Subject, Escape(caller.Subject));
        headers.Add(Roles, WorldGrant.Write(caller.Grants));
    }

    /// <summary>The caller that the service <paramref name="via"/> names; null where it names none and acts for itself.</summary>
    public static CallerIdentity? Read(IHeaderDictionary headers, string via)
    {
        if (!headers.TryGetValue(Subject, out var subject)) return null;
        var name = Uri.UnescapeDataString(subject.ToString());
        return name switch
        {
            CallerIdentity.AnonymousSubject or "" => CallerIdentity.Anonymous with { Via = via },
            CallerIdentity.LocalSubject => CallerIdentity.Local with { Via = via },
            _ => new CallerIdentity(CallerKind.User, name, WorldGrant.Parse(headers[Roles].ToString()), via),
        };
    }

    /// <summary>Headers carry plain ASCII, names of people do not.</summary>
    private static string Escape(string subject)
    {
        var text = new StringBuilder(subject.Length);
        foreach (var rune in subject.EnumerateRunes())
        {
            if (rune.IsAscii && rune.Value is > ' ' and <= '~' and not '%') text.Append((char)rune.Value);
            else text.Append(Uri.EscapeDataString(rune.ToString()));
        }

        return text.ToString();
    }
}
