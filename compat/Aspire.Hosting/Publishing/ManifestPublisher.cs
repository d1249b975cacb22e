using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Publishing;

/// <summary>Writes the manifest and ends the application.</summary>
internal sealed partial class ManifestPublisher(
    DistributedApplicationModel model,
    DistributedApplicationExecutionContext context,
    IConfiguration configuration,
    IHostApplicationLifetime lifetime,
    ILogger<DistributedApplication> log) : IHostedService
{
    private const string FileName = "aspire-manifest.json";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (context.PublisherName != "manifest" || configuration["step"] is not (null or "publish-manifest"))
        {
            throw new DistributedApplicationException(
                "This stand-in for Aspire.Hosting publishes manifests only: use --operation publish --publisher manifest, or --operation publish --step publish-manifest.");
        }

        var path = ManifestPath(configuration["output-path"]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var stream = File.Create(path);
        await using (stream.ConfigureAwait(false))
        {
            var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            await using (writer.ConfigureAwait(false))
            {
                await new ManifestPublishingContext(context, path, writer, cancellationToken).WriteAsync(model).ConfigureAwait(false);
            }
        }

        Published(log, path);
        lifetime.StopApplication();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static string ManifestPath(string? output)
    {
        if (output is null) throw new DistributedApplicationException("The '--output-path [path]' option was not specified.");
        var path = Path.GetFullPath(output);
        return Path.HasExtension(path) && !Directory.Exists(path) ? path : Path.Combine(path, FileName);
    }

    [LoggerMessage(4, LogLevel.Information, "Published manifest to: {Path}")]
    private static partial void Published(ILogger log, string path);
}
