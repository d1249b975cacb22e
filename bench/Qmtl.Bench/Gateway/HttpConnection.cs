using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Qmtl.Bench.Gateway;

/// <summary>An answer, as far as a load generator reads it.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Body">The body; valid until the next request.</param>
internal readonly record struct RawAnswer(int Status, ReadOnlyMemory<byte> Body);

/// <summary>One HTTP/1.1 connection that is kept. Does little, so that on a small machine what is measured is the server.</summary>
internal sealed class HttpConnection : IDisposable
{
    private static readonly byte[] HeaderEnd = "\r\n\r\n"u8.ToArray();
    private readonly Socket _socket;
    private readonly byte[] _head;
    private byte[] _buffer = new byte[64 * 1024];

    private HttpConnection(Socket socket, Uri address, string path)
    {
        _socket = socket;
        _head = Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nContent-Length: ");
    }

    public static async Task<HttpConnection> OpenAsync(Uri address, string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port), cancellation);
            return new HttpConnection(socket, address, path);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a body and reads the answer.</summary>
    /// <exception cref="IOException">The server closed the connection.</exception>
    public async Task<RawAnswer> PostAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        await SendAsync(body, cancellation);
        var filled = 0;
        var headers = -1;
        while (headers < 0)
        {
            filled += await ReceiveAsync(filled, cancellation);
            headers = _buffer.AsSpan(0, filled).IndexOf(HeaderEnd);
        }

        var start = headers + HeaderEnd.Length;
        var status = int.Parse(_buffer.AsSpan(9, 3), CultureInfo.InvariantCulture);
        if (Header(headers, "Content-Length: "u8) is { } length)
        {
            while (filled < start + length) filled += await ReceiveAsync(filled, cancellation);
            return new RawAnswer(status, _buffer.AsMemory(start, length));
        }

        var end = start;
        for (var size = -1; size != 0;)
        {
            int line;
            while ((line = _buffer.AsSpan(end, filled - end).IndexOf("\r\n"u8)) < 0) filled += await ReceiveAsync(filled, cancellation);
            if (!Utf8Parser.TryParse(_buffer.AsSpan(end, line), out size, out _, 'x')) throw new IOException("The answer has a chunk without a size.");
            end += line + 2 + size + 2;
            while (filled < end) filled += await ReceiveAsync(filled, cancellation);
        }

        return new RawAnswer(status, _buffer.AsMemory(start, end - start));
    }

    public void Dispose() => _socket.Dispose();

    private async Task SendAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var length = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{body.Length}\r\n\r\n"));
        var total = _head.Length + length.Length + body.Length;
        var message = ArrayPool<byte>.Shared.Rent(total);
        try
        {
            _head.CopyTo(message, 0);
            length.CopyTo(message, _head.Length);
            body.CopyTo(message.AsMemory(_head.Length + length.Length));
            for (var sent = 0; sent < total;) sent += await _socket.SendAsync(message.AsMemory(sent, total - sent), SocketFlags.None, cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    private async ValueTask<int> ReceiveAsync(int filled, CancellationToken cancellation)
    {
        if (filled == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = await _socket.ReceiveAsync(_buffer.AsMemory(filled), SocketFlags.None, cancellation);
        return read > 0 ? read : throw new IOException("The server closed the connection.");
    }

    private int? Header(int end, ReadOnlySpan<byte> name)
    {
        var headers = _buffer.AsSpan(0, end);
        var at = headers.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(headers[(at + name.Length)..], out int value, out _) ? value : null;
    }
}
