namespace Qmtl.WorldService.RiskHub.Blobs;

/// <summary>A place outside the database for what is large. Everything in it can be checked by its content hash, so it need not be trusted.</summary>
internal interface IRiskBlobStore
{
    /// <summary>Stores content; a second time the same changes nothing.</summary>
    /// <exception cref="RiskBlobException">The store refused or does not answer.</exception>
    Task PutAsync(string location, byte[] content, CancellationToken cancellationToken);

    /// <summary>The content; null when there is none.</summary>
    /// <exception cref="RiskBlobException">The store refused or does not answer.</exception>
    Task<byte[]?> GetAsync(string location, CancellationToken cancellationToken);

    /// <summary>Forgets content; one that is not there is no error.</summary>
    /// <exception cref="RiskBlobException">The store refused or does not answer.</exception>
    Task DeleteAsync(string location, CancellationToken cancellationToken);
}

/// <summary>The blob store failed.</summary>
internal sealed class RiskBlobException(string message, Exception? inner = null) : Exception(message, inner);
