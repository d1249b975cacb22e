using System.IO.Compression;
using Grpc.Net.Wire;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The settings that hold for a method: the service's own where given, else the general ones.</summary>
internal sealed record MethodSettings(
    int? MaxReceive, int? MaxSend, bool DetailedErrors, string? Compression, CompressionLevel? CompressionLevel, Encodings Encodings, IReadOnlyList<InterceptorRegistration> Interceptors)
{
    public const int DefaultMaxReceive = 4 * 1024 * 1024; // 4 MB

    public static MethodSettings Merge(GrpcServiceOptions general, GrpcServiceOptions own)
    {
        var receive = own.MaxReceiveMessageSizeSpecified ? own.MaxReceiveMessageSize
            : general.MaxReceiveMessageSizeSpecified ? general.MaxReceiveMessageSize
            : DefaultMaxReceive;
        var send = own.MaxSendMessageSizeSpecified ? own.MaxSendMessageSize : general.MaxSendMessageSize;
        var encodings = new Encodings([.. general.CompressionProviders, .. own.CompressionProviders]);
        var compression = own.ResponseCompressionAlgorithm ?? general.ResponseCompressionAlgorithm;
        if (compression is not (null or Encodings.Identity) && encodings.Find(compression) is null)
            throw new InvalidOperationException($"The configured response compression algorithm '{compression}' does not have a matching compression provider.");

        return new MethodSettings(
            receive,
            send,
            own.EnableDetailedErrors ?? general.EnableDetailedErrors ?? false,
            compression,
            own.ResponseCompressionLevel ?? general.ResponseCompressionLevel,
            encodings,
            // General interceptors are the outer ones.
            [.. general.Interceptors, .. own.Interceptors]);
    }
}
