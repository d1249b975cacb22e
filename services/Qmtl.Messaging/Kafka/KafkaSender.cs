using Confluent.Kafka;

namespace Qmtl.Messaging.Kafka;

/// <summary>What became of messages that were sent in one order.</summary>
/// <param name="Offsets">Where the first ones stand: up to the first that failed.</param>
/// <param name="Failure">Why that one failed; null when none did.</param>
internal sealed record SendOutcome(IReadOnlyList<long> Offsets, Exception? Failure);

/// <summary>Sends in order, and gets itself another producer when one has ended for good.</summary>
internal sealed class KafkaSender(KafkaClients clients, TimeSpan? deliveryTimeout, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan QueueFullPause = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private Session? _session;
    private bool _disposed;

    /// <summary>Sends all; completes when each of them is confirmed or has failed.</summary>
    /// <exception cref="OperationCanceledException">Whoever asked gave up: what is on its way may still arrive.</exception>
    public async Task<SendOutcome> SendAsync(IReadOnlyList<(TopicPartition Partition, Message<string, byte[]> Message)> messages, CancellationToken cancellationToken)
    {
        var session = Current();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session.Ended.Token);
        try
        {
            var sent = new Task<DeliveryResult<string, byte[]>>[messages.Count];
            for (var index = 0; index < sent.Length; index++) sent[index] = await StartAsync(session, messages[index].Partition, messages[index].Message, end.Token);
            return await OutcomeAsync(sent, end.Token);
        }
        catch (Exception error) when (session.Ended.IsCancellationRequested && error is OperationCanceledException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new SendOutcome([], new KafkaException(session.Error ?? new Error(ErrorCode.Local_Destroy)));
        }
    }

    /// <summary>Forgets what is on its way: its outcome no longer matters to anyone here.</summary>
    public void Abandon()
    {
        Session? ended;
        lock (_gate)
        {
            ended = _session;
            _session = null;
        }
        ended?.End(error: null);
    }

    public void Dispose()
    {
        lock (_gate) _disposed = true;
        Abandon();
    }

    private static async Task<SendOutcome> OutcomeAsync(Task<DeliveryResult<string, byte[]>>[] sent, CancellationToken cancellationToken)
    {
        var offsets = new List<long>(sent.Length);
        Exception? failure = null;
        foreach (var each in sent)
        {
            // Also after a failure: whoever sends again must not meet the rest of this.
            try
            {
                var result = await each.WaitAsync(cancellationToken);
                if (failure is null) offsets.Add(result.Offset.Value);
            }
            catch (KafkaException error)
            {
                failure ??= error;
            }
        }
        return new SendOutcome(offsets, failure);
    }

    private async Task<Task<DeliveryResult<string, byte[]>>> StartAsync(Session session, TopicPartition partition, Message<string, byte[]> message, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var sent = session.Producer.ProduceAsync(partition, message, CancellationToken.None);
            if (sent is not { IsFaulted: true, Exception.InnerException: KafkaException { Error.Code: ErrorCode.Local_QueueFull } }) return sent;
            await Task.Delay(QueueFullPause, clock, cancellationToken);
        }
    }

    private Session Current()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_session is { Ended.IsCancellationRequested: false }) return _session;
            return _session = new Session(clients, deliveryTimeout);
        }
    }

    /// <summary>One producer, from its start to its end.</summary>
    private sealed class Session
    {
        private int _ended;

        public Session(KafkaClients clients, TimeSpan? deliveryTimeout) => Producer = clients.NewProducer(deliveryTimeout, End);

        public IProducer<string, byte[]> Producer { get; }

        public CancellationTokenSource Ended { get; } = new();

        public Error? Error { get; private set; }

        public void End(Error? error)
        {
            if (Interlocked.Exchange(ref _ended, 1) != 0) return;
            Error = error;
            Ended.Cancel();
            // Not from here: the producer's own thread may be the one that tells.
            _ = Task.Run(Producer.Dispose);
        }
    }
}
