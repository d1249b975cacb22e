using System.Buffers;
using System.Text;

namespace Qmtl.Data;

/// <summary>Reads the regular form: commas, no quotes, one row a line. Everything else is left to <see cref="IrregularCsv"/>.</summary>
internal static class RegularCsv
{
    private const int BlockBytes = 1 << 20;

    /// <summary>Reads a file; null when it is not in the regular form.</summary>
    public static CsvTable? Read(string file, Stream stream, IReadOnlySet<string> textColumns, CancellationToken ct)
    {
        var pool = ArrayPool<byte>.Shared;
        var buffer = pool.Rent(BlockBytes);
        var positions = ArrayPool<int>.Shared.Rent(buffer.Length + 1);
        try
        {
            return new Reader(file, stream, textColumns).Read(ref buffer, ref positions, ct);
        }
        finally
        {
            pool.Return(buffer);
            ArrayPool<int>.Shared.Return(positions);
        }
    }

    private sealed class Reader(string file, Stream stream, IReadOnlySet<string> textColumns)
    {
        private CsvTable? _table;
        private int _line;

        public CsvTable? Read(ref byte[] buffer, ref int[] positions, CancellationToken ct)
        {
            var held = 0;
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                // One byte stays free for the line end that the last line of a file may lack.
                var read = stream.ReadAtLeast(buffer.AsSpan(held, buffer.Length - held - 1), 1, throwOnEndOfStream: false);
                held += read;
                if (read == 0)
                {
                    if (held > 0) buffer[held++] = (byte)'\n';
                    return TryBlock(buffer.AsSpan(0, held), positions) ? _table ?? throw DataRefusal.NoBars(file) : null;
                }

                var complete = buffer.AsSpan(0, held).LastIndexOf((byte)'\n') + 1;
                if (complete > 0)
                {
                    if (!TryBlock(buffer.AsSpan(0, complete), positions)) return null;
                    buffer.AsSpan(complete, held - complete).CopyTo(buffer);
                    held -= complete;
                }
                else if (held >= buffer.Length - 1)
                {
                    throw DataRefusal.LineTooLong(file, _line + 1, BlockBytes);
                }
            }
        }

        private bool TryBlock(ReadOnlySpan<byte> block, int[] positions)
        {
            if (_table is null && !TryHeader(ref block)) return false;
            if (_table is null) return true;
            if (!DelimiterScan.TryFind(block, positions, out var count)) return false;
            ReadRows(block, positions.AsSpan(0, count));
            return true;
        }

        private bool TryHeader(ref ReadOnlySpan<byte> block)
        {
            if (block.StartsWith("\uFEFF"u8)) block = block[3..];
            var end = block.IndexOf((byte)'\n');
            if (end < 0) return true;
            var header = block[..end];
            if (header.IndexOfAny("\";\t|"u8) >= 0) return false;
            var layout = CsvLayout.From(file, Encoding.UTF8.GetString(header).Split(','));
            block = block[(end + 1)..];
            _line = 1;
            var rowBytes = Math.Max(8, block.IndexOf((byte)'\n') + 1);
            _table = new CsvTable(layout, textColumns, stream.CanSeek ? (int)Math.Min(stream.Length / rowBytes, 1 << 24) : 0);
            return true;
        }

        private void ReadRows(ReadOnlySpan<byte> block, ReadOnlySpan<int> delimiters)
        {
            var table = _table!;
            var columns = table.Columns;
            var start = 0;
            var column = 0;
            foreach (var delimiter in delimiters)
            {
                var ends = block[delimiter] == '\n';
                if (column == 0)
                {
                    _line++;
                    if (ends && block[start..delimiter].Trim((byte)'\r').IsEmpty)
                    {
                        start = delimiter + 1;
                        continue;
                    }
                }

                if (column < columns) table.Set(column, block, start, delimiter, _line);
                start = delimiter + 1;
                column++;
                if (!ends) continue;
                if (column != columns) throw DataRefusal.CellCount(file, _line, column, columns);
                table.EndRow(_line);
                column = 0;
            }
        }
    }
}
