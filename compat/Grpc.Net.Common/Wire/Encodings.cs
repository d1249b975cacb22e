using System.IO.Compression;
using Grpc.Net.Compression;

namespace Grpc.Net.Wire;

/// <summary>The message encodings one side understands.</summary>
internal sealed class Encodings
{
    public const string Identity = "identity";

    private readonly Dictionary<string, ICompressionProvider> _providers;

    /// <param name="own">Encodings the application adds; they replace built-in ones of the same name.</param>
    public Encodings(IEnumerable<ICompressionProvider>? own)
    {
        _providers = new(StringComparer.Ordinal);
        foreach (var provider in (IEnumerable<ICompressionProvider>)[new GzipCompressionProvider(CompressionLevel.Fastest), new DeflateCompressionProvider(CompressionLevel.Fastest), .. own ?? []])
            _providers[provider.EncodingName] = provider;
        AcceptHeader = string.Join(',', Names);
    }

    public IEnumerable<string> Names => [Identity, .. _providers.Keys];

    /// <summary>The value of <c>grpc-accept-encoding</c>.</summary>
    public string AcceptHeader { get; }

    public ICompressionProvider? Find(string name) => _providers.GetValueOrDefault(name);
}
