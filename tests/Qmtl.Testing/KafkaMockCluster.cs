using System.Runtime.InteropServices;
using System.Text;

namespace Qmtl.Testing;

/// <summary>librdkafka's own broker: speaks the Kafka protocol on free ports of 127.0.0.1, keeps messages in memory, and fails when it is told to.</summary>
/// <remarks>It keeps about 5 MB a partition, creates topics of four partitions on first use, and has no topic administration.</remarks>
public sealed class KafkaMockCluster : IDisposable
{
    private const string Library = "librdkafka.so.1";
    private const int Producer = 0;

    private nint _client;
    private nint _cluster;

    private KafkaMockCluster(nint client, nint cluster, int brokers)
    {
        _client = client;
        _cluster = cluster;
        Brokers = brokers;
        BootstrapServers = Marshal.PtrToStringUTF8(Bootstraps(cluster))!;
    }

    /// <summary>As clients are configured with.</summary>
    public string BootstrapServers { get; }

    /// <summary>How many brokers there are; their ids start at 1.</summary>
    public int Brokers { get; }

    /// <summary>Starts brokers inside this process.</summary>
    public static KafkaMockCluster Start(int brokers = 1)
    {
        var error = new byte[512];
        var client = NewClient(Producer, NewConfiguration(), error, error.Length);
        if (client == 0) throw new InvalidOperationException(Encoding.UTF8.GetString(error).TrimEnd('\0'));
        return new KafkaMockCluster(client, NewCluster(client, brokers), brokers);
    }

    /// <summary>Creates a topic; one that exists stays as it is.</summary>
    public void CreateTopic(string topic, int partitions)
    {
        const int AlreadyExists = 36;
        Check(NewTopic(_cluster, topic, partitions, 1), AlreadyExists);
    }

    /// <summary>Breaks the connections of a broker and takes no new ones; what it holds stays.</summary>
    public void SetDown(int broker = 1) => Check(BrokerDown(_cluster, broker));

    /// <summary>Ends <see cref="SetDown"/>.</summary>
    public void SetUp(int broker = 1) => Check(BrokerUp(_cluster, broker));

    /// <summary>Makes a broker answer late.</summary>
    public void SetRoundTrip(TimeSpan time, int broker = 1) => Check(RoundTrip(_cluster, broker, (int)time.TotalMilliseconds));

    /// <summary>Moves a partition to another broker.</summary>
    public void SetLeader(string topic, int partition, int broker) => Check(Leader(_cluster, topic, partition, broker));

    /// <summary>Lets the next requests of a kind fail, one for each error, in this order.</summary>
    /// <param name="request">The protocol's number of the request, see <see cref="KafkaRequest"/>.</param>
    /// <param name="errors">The protocol's error codes; negative ones are librdkafka's own, such as -195 for a broken connection.</param>
    public void FailNext(KafkaRequest request, params int[] errors) => PushErrors(_cluster, (short)request, errors.Length, errors);

    public void Dispose()
    {
        if (_cluster != 0) DestroyCluster(_cluster);
        if (_client != 0) DestroyClient(_client);
        _cluster = _client = 0;
    }

    private static void Check(int error, int allowed = 0)
    {
        if (error != 0 && error != allowed) throw new InvalidOperationException(FormattableString.Invariant($"The mock cluster answered with error {error}."));
    }

    [DllImport(Library, EntryPoint = "rd_kafka_conf_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint NewConfiguration();

    [DllImport(Library, EntryPoint = "rd_kafka_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint NewClient(int type, nint configuration, byte[] error, nint errorSize);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint NewCluster(nint client, int brokers);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Bootstraps(nint cluster);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_topic_create")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NewTopic(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, int partitions, int replicas);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_broker_set_down")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int BrokerDown(nint cluster, int broker);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_broker_set_up")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int BrokerUp(nint cluster, int broker);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_broker_set_rtt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RoundTrip(nint cluster, int broker, int milliseconds);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_partition_set_leader")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Leader(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, int partition, int broker);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void PushErrors(nint cluster, short request, nint count, int[] errors);

    [DllImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void DestroyCluster(nint cluster);

    [DllImport(Library, EntryPoint = "rd_kafka_destroy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void DestroyClient(nint client);
}

/// <summary>Requests of the Kafka protocol, by its numbers.</summary>
public enum KafkaRequest
{
    /// <summary>Records come in.</summary>
    Produce = 0,

    /// <summary>Records go out.</summary>
    Fetch = 1,

    /// <summary>Who leads which partition.</summary>
    Metadata = 3,

    /// <summary>A group notes how far it is.</summary>
    OffsetCommit = 8,

    /// <summary>How far a group is.</summary>
    OffsetFetch = 9,
}
