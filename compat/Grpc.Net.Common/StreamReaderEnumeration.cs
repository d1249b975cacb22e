using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>Conveniences on message streams.</summary>
public static class StreamReaderEnumeration
{
    /// <summary>The messages of a stream, for <c>await foreach</c>.</summary>
    public static async IAsyncEnumerable<T> ReadAllAsync<T>(this IAsyncStreamReader<T> streamReader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamReader);
        while (await streamReader.MoveNext(cancellationToken).ConfigureAwait(false)) yield return streamReader.Current;
    }
}
