namespace Qmtl.WorldService.RiskHub.Blobs;

/// <summary>Blobs as files below one directory, which all replicas must share.</summary>
internal sealed class FileBlobStore : IRiskBlobStore
{
    private readonly string _root;

    public FileBlobStore(string directory)
    {
        if (string.IsNullOrWhiteSpace(directory)) throw new InvalidOperationException($"{RiskHubOptions.Section}:BlobStore:Directory must name the directory of the file store.");
        _root = Path.GetFullPath(directory);
    }

    public Task PutAsync(string location, byte[] content, CancellationToken cancellationToken) => GuardAsync(
        location,
        async path =>
        {
            if (File.Exists(path)) return true;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);

            // Renamed when whole: nobody reads half a file, not even after a crash.
            var part = $"{path}.{Guid.NewGuid():N}.part";
            await File.WriteAllBytesAsync(part, content, cancellationToken);
            File.Move(part, path, overwrite: true);
            return true;
        });

    public Task<byte[]?> GetAsync(string location, CancellationToken cancellationToken) =>
        GuardAsync(location, async path => File.Exists(path) ? await File.ReadAllBytesAsync(path, cancellationToken) : null);

    public Task DeleteAsync(string location, CancellationToken cancellationToken) => GuardAsync(
        location,
        path =>
        {
            if (File.Exists(path)) File.Delete(path);
            return Task.FromResult(true);
        });

    private async Task<T> GuardAsync<T>(string location, Func<string, Task<T>> work)
    {
        // Locations are made of world ids, which cannot climb; a foreign one still must not leave the directory.
        var path = Path.GetFullPath(Path.Combine(_root, location));
        if (!path.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal)) throw new RiskBlobException($"The location '{location}' lies outside of the store.");
        try
        {
            return await work(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RiskBlobException($"The file store failed at '{location}': {error.Message}", error);
        }
    }
}
