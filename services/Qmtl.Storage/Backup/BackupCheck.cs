namespace Qmtl.Storage.Backup;

/// <summary>Checks backups without a database.</summary>
public static class BackupCheck
{
    /// <summary>Reads a backup to its end without restoring it.</summary>
    /// <exception cref="BackupException">The file is no backup, or damaged.</exception>
    public static async Task<BackupSummary> VerifyFileAsync(Stream input, CancellationToken cancellationToken = default)
    {
        await using var reader = new BackupReader(input, cancellationToken);
        var head = await reader.HeadAsync();
        await foreach (var _ in reader.RowsAsync())
        {
            // Only the count and the hash are wanted.
        }
        return reader.Summary(head);
    }
}
