using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Core;

namespace Qmtl.Runtime;

/// <summary>Digests what happened in a replay, in order, so that two runs can be compared by one line of text.</summary>
/// <remarks>
/// SHA-256 over records of little-endian fixed-width fields. Each begins with a kind byte:
/// <list type="bullet">
/// <item>0 opened: format version (i32), instrument count (i32), each instrument as length (i32) and UTF-8, initial cash (i128), commission, slippage and leverage (i64 each, 1e-12).</item>
/// <item>1 target: bar (i64), time (i64 ns), instrument (i32), weight (i64, 1e-12).</item>
/// <item>2 filled: bar, time, instrument, signed quantity (i64, 1e-8), price (i64, 1e-8), commission (i128, 1e-16).</item>
/// <item>3 rejected: bar, time, instrument, signed quantity, reason (i32).</item>
/// <item>4 closed: bars (i64), fills (i64), cash and equity (i128, 1e-16), and the final quantity of each instrument.</item>
/// </list>
/// The market data is not in it: its own fingerprint names it. Nothing but integers is, so the digest is the same on every machine on which the
/// targets are.
/// </remarks>
/// <param name="copy">Where the records go as well, or null: its bytes have the digest as their SHA-256.</param>
internal sealed class ReplayEvents(Stream? copy) : IDisposable
{
    private const int FormatVersion = 1;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[1 << 14];
    private int _used;

    public void Opened(IReadOnlyList<string> instruments, Money cash, FillTerms terms)
    {
        Begin(0);
        Write(FormatVersion);
        Write(instruments.Count);
        foreach (var instrument in instruments)
        {
            var text = Encoding.UTF8.GetBytes(instrument);
            Write(text.Length);
            Flush();
            Append(text);
        }

        Write(cash);
        Write(terms.Commission.Parts);
        Write(terms.Slippage.Parts);
        Write(terms.Leverage.Parts);
    }

    public void Target(long bar, long time, int instrument, Rate weight)
    {
        Begin(1);
        At(bar, time, instrument);
        Write(weight.Parts);
    }

    public void Filled(long bar, in Fill fill)
    {
        Begin(2);
        At(bar, fill.Time, fill.Instrument);
        Write(fill.Signed.Lots);
        Write(fill.Price.Ticks);
        Write(fill.Commission);
    }

    public void Rejected(long bar, long time, in MarketOrder order, RejectReason reason)
    {
        Begin(3);
        At(bar, time, order.Instrument);
        Write(order.Quantity.Lots);
        Write((int)reason);
    }

    /// <summary>Ends the stream and gives its digest.</summary>
    public string Closed(long bars, long fills, Account account)
    {
        Begin(4);
        Write(bars);
        Write(fills);
        Write(account.Cash);
        Write(account.Equity);
        for (var i = 0; i < account.Instruments; i++)
        {
            Begin(4);
            Write(account[i].Quantity.Lots);
        }

        Flush();
        return "sha256:" + Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();

    private void Begin(byte kind)
    {
        const int LongestRecord = 128;
        if (_used > _buffer.Length - LongestRecord) Flush();
        _buffer[_used++] = kind;
    }

    private void At(long bar, long time, int instrument)
    {
        Write(bar);
        Write(time);
        Write(instrument);
    }

    private void Write(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_used), value);
        _used += sizeof(int);
    }

    private void Write(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.AsSpan(_used), value);
        _used += sizeof(long);
    }

    private void Write(Money value)
    {
        BinaryPrimitives.WriteInt128LittleEndian(_buffer.AsSpan(_used), value.Parts);
        _used += 16;
    }

    private void Flush()
    {
        Append(_buffer.AsSpan(0, _used));
        _used = 0;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        copy?.Write(bytes);
    }
}
