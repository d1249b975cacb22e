using System.Buffers;
using Microsoft.AspNetCore.Http.Features;

namespace Qmtl.Gateway.Events;

/// <summary>
/// A connection on which many small writes leave as one. A WebSocket writes and flushes every message by itself; while corked, messages gather here,
/// and one write takes them all, which is what makes a thousand subscribers cheap.
/// </summary>
/// <remarks>The socket's own pings come from another thread and gather in the same order.</remarks>
internal sealed class CorkedStream(Stream inner) : Stream
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private byte[] _buffer = [];
    private int _length;
    private volatile bool _corked;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Gathers from here on.</summary>
    public void Cork() => _corked = true;

    /// <summary>Sends what has gathered, and gathers no longer.</summary>
    public Task UncorkAsync(CancellationToken cancellation)
    {
        _corked = false;
        return SendAsync(cancellation);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Gather(buffer.Span);
        if (!_corked) await SendAsync(cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => _corked ? Task.CompletedTask : SendAsync(cancellationToken);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => inner.ReadAsync(buffer, offset, count, cancellationToken);

    public override void Flush() => throw new NotSupportedException("This connection is asynchronous.");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("This connection is asynchronous.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("This connection is asynchronous.");

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private void Gather(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_buffer.Length < _length + bytes.Length)
            {
                var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_length + bytes.Length, _buffer.Length * 2));
                _buffer.AsSpan(0, _length).CopyTo(larger);
                if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = larger;
            }

            bytes.CopyTo(_buffer.AsSpan(_length));
            _length += bytes.Length;
        }
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var (bytes, length) = Take();
            if (length == 0) return;
            try
            {
                await inner.WriteAsync(bytes.AsMemory(0, length), cancellation);
                await inner.FlushAsync(cancellation);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private (byte[] Bytes, int Length) Take()
    {
        lock (_gate)
        {
            var taken = (_buffer, _length);
            (_buffer, _length) = ([], 0);
            return taken;
        }
    }
}

/// <summary>Puts a <see cref="CorkedStream"/> under the WebSocket that is about to be accepted.</summary>
internal sealed class CorkedUpgrade(IHttpUpgradeFeature inner) : IHttpUpgradeFeature
{
    /// <summary>The connection, once upgraded.</summary>
    public CorkedStream? Connection { get; private set; }

    public bool IsUpgradableRequest => inner.IsUpgradableRequest;

    public async Task<Stream> UpgradeAsync() => Connection = new CorkedStream(await inner.UpgradeAsync());
}
