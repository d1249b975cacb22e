using System.Runtime.InteropServices;

namespace Qmtl.Testing;

/// <summary>librdkafka's own broker: speaks the Kafka protocol on free ports of 127.0.0.1, keeps messages in memory.</summary>
/// <remarks>It keeps about 5 MB a partition, creates topics on first use, and has no topic administration.</remarks>
public sealed class KafkaMockCluster : IDisposable
{
    private const string Library = "librdkafka.so.1";
    private const int Producer = 0;

    private nint _client;
    private nint _cluster;

    private KafkaMockCluster(nint client, nint cluster)
    {
        _client = client;
        _cluster = cluster;
        BootstrapServers = Marshal.PtrToStringUTF8(Bootstraps(cluster))!;
    }

    /// <summary>As clients are configured with.</summary>
    public string BootstrapServers { get; }

    /// <summary>Starts brokers inside this process.</summary>
    public static KafkaMockCluster Start(int brokers = 1)
    {
        var error = new byte[512];
        var client = NewClient(Producer, NewConfiguration(), error, error.Length);
        if (client == 0) throw new InvalidOperationException(System.Text.Encoding.UTF8.GetString(error).TrimEnd('\0'));
        return new KafkaMockCluster(client, NewCluster(client, brokers));
    }

    public void Dispose()
    {
        if (_cluster != 0) DestroyCluster(_cluster);
        if (_client != 0) DestroyClient(_client);
        _cluster = _client = 0;
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

    [DllImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void DestroyCluster(nint cluster);

    [DllImport(Library, EntryPoint = "rd_kafka_destroy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void DestroyClient(nint client);
}
