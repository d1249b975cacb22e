using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Qmtl.Messaging.Sql;

/// <summary>Names a member of a group so that, on the same machine, anyone can tell whether its process still lives.</summary>
/// <remarks>
/// The embedded stack that was killed and started again would otherwise wait for the leases of its former self. Only a file on this machine is judged
/// like this; what a server stores may come from a machine that looks the same from here.
/// </remarks>
internal static class ProcessIdentity
{
    // Linux counts a start from boot and the time of boot is computed anew each time: two looks at one process differ a little.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(10);

    public static string NewMember()
    {
        using var self = Process.GetCurrentProcess();
        return string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{self.Id}/{self.StartTime.Ticks}/{Guid.NewGuid():N}");
    }

    /// <summary>Whether the member's process certainly ended.</summary>
    public static bool IsDead(string member)
    {
        var parts = member.Split('/');
        if (parts.Length != 4 || !string.Equals(parts[0], Environment.MachineName, StringComparison.Ordinal) || !int.TryParse(parts[1], CultureInfo.InvariantCulture, out var id)) return false;
        try
        {
            using var process = Process.GetProcessById(id);
            return long.TryParse(parts[2], CultureInfo.InvariantCulture, out var ticks) && (process.StartTime - new DateTime(ticks, DateTimeKind.Local)).Duration() > Tolerance;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            return true;
        }
        catch (Win32Exception)
        {
            // It lives, we just may not look at it.
            return false;
        }
    }
}
