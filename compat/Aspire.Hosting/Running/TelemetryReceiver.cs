using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Running;

/// <summary>Knows whether the configured receiver of telemetry is there.</summary>
/// <remarks>Aspire starts its own dashboard there. Nobody does here, and exporting into the void costs every child retries and memory.</remarks>
internal sealed partial class TelemetryReceiver(IConfiguration configuration, ILogger<DistributedApplication> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>Whether one is configured and does not answer.</summary>
    public bool IsAbsent { get; private set; }

    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var configured = configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] ?? configuration["ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"];
        if (!Uri.TryCreate(configured, UriKind.Absolute, out var address)) return;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, patience.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is SocketException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            IsAbsent = true;
            NobodyThere(log, address);
        }
    }

    [LoggerMessage(3, LogLevel.Information, "No OTLP receiver answers at {Address}: telemetry is not exported.")]
    private static partial void NobodyThere(ILogger log, Uri address);
}
