using System.Diagnostics;
using System.Globalization;

namespace Qmtl.AppHost;

/// <summary>Tells the user where the stack is, once it is there.</summary>
internal static class Announcement
{
    public static async Task WriteAsync(DistributedApplication app, Topology topology, CancellationToken stopping)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            foreach (var name in new[] { topology.Gateway.Resource.Name, topology.Dashboard.Resource.Name }.Distinct(StringComparer.Ordinal))
            {
                await app.ResourceNotifications.WaitForResourceHealthyAsync(name, stopping);
            }

            var seconds = clock.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
            Console.WriteLine(
                $"""

                 QMTL is ready after {seconds} s. Ctrl+C ends it.
                   Gateway    {topology.GatewayHttp.Url}  (gRPC {topology.GatewayGrpc.Url})
                   Dashboard  {topology.DashboardHttp.Url}

                 """);
        }
        catch (DistributedApplicationException fault)
        {
            Console.WriteLine($"QMTL is not ready: {fault.Message} What has started stays up; Ctrl+C ends it.");
        }
        catch (OperationCanceledException)
        {
            // Ended before it was ready.
        }
    }
}
