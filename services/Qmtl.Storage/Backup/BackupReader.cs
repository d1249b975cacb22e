using System.Text.Json;

namespace Qmtl.Storage.Backup;

/// <summary>Reads a backup once, from its first line to its last, and checks it on the way.</summary>
internal sealed class BackupReader(Stream input, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<(ReadOnlyMemory<byte> Line, string ChecksumBefore)> _lines = BackupLines.ReadAsync(input, cancellationToken).GetAsyncEnumerator(cancellationToken);
    private readonly StateHasher _state = new();
    private BackupEnd? _end;

    public async Task<BackupHead> HeadAsync()
    {
        if (!await _lines.MoveNextAsync()) throw new BackupException("The file is empty.");
        var head = BackupLines.Parse<BackupHead>(_lines.Current.Line, "The first line");
        if (head.Format != BackupHead.CurrentFormat) throw new BackupException($"The file has format {head.Format}; this program reads format {BackupHead.CurrentFormat}.");
        return head.Schema is null ? throw new BackupException("The first line names no schema; this is no backup.") : head;
    }

    /// <summary>Every row with the title of its table.</summary>
    public async IAsyncEnumerable<(BackupTable Table, JsonElement Row)> RowsAsync()
    {
        BackupTable? table = null;
        while (await _lines.MoveNextAsync())
        {
            if (_end is not null) throw new BackupException("There is text behind the last line.");
            var (line, checksum) = _lines.Current;
            using var document = Open(line);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Array)
            {
                _state.Row(line.Span);
                yield return (table ?? throw new BackupException("A row stands before any table."), root);
            }
            else if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("table", out _))
            {
                _state.Table(line.Span);
                table = BackupLines.Parse<BackupTable>(line, "The title of a table");
            }
            else End(BackupLines.Parse<BackupEnd>(line, "The last line"), checksum);
        }

        if (_end is null) throw new BackupException("The last line is missing: the backup was not written to its end, or cut.");
    }

    public BackupSummary Summary(BackupHead head) => new(head.CreatedAt, head.Dialect, head.Versions(), _state.Tables, _state.Rows, _state.Hex());

    public async ValueTask DisposeAsync()
    {
        await _lines.DisposeAsync();
        _state.Dispose();
    }

    private void End(BackupEnd end, string checksum)
    {
        if (!string.Equals(end.Sha256, checksum, StringComparison.Ordinal)) throw new BackupException("The checksum does not fit: the file was changed or damaged.");
        if (end.Tables != _state.Tables || end.Rows != _state.Rows || !string.Equals(end.StateHash, _state.Hex(), StringComparison.Ordinal)) throw new BackupException("The last line does not fit what stands before it.");
        _end = end;
    }

    private static JsonDocument Open(ReadOnlyMemory<byte> line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException problem)
        {
            throw new BackupException("A line is not readable: the file was changed or damaged.", problem);
        }
    }
}
