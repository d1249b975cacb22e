namespace Qmtl.WorldService.RiskHub;

/// <summary>Section <c>WorldService:RiskHub</c> of the configuration.</summary>
internal sealed class RiskHubOptions
{
    public const string Section = "WorldService:RiskHub";

    /// <summary>What producers must send as <c>Authorization: Bearer</c>; empty asks for none.</summary>
    public string Token { get; set; } = "";

    /// <summary>Producers that may publish; empty allows every one but the services of the platform itself.</summary>
    public string[] AllowedActors { get; set; } = [];

    /// <summary>Stages that may be published for.</summary>
    public string[] AllowedStages { get; set; } = [];

    /// <summary>Entries of a covariance or of stress results up to which they stay inside the snapshot, from 0.</summary>
    public int InlineEntries { get; set; } = 100;

    /// <summary>Points of realised returns up to which they stay inside the snapshot, from 0.</summary>
    public int InlinePoints { get; set; } = 1_000;

    /// <summary>Snapshots kept of each world, from 1: the newest.</summary>
    public int KeepSnapshots { get; set; } = 1_000;

    /// <summary>How far ahead the clock of a producer may be.</summary>
    public TimeSpan ClockTolerance { get; set; } = TimeSpan.FromSeconds(5);

    public BlobStoreOptions BlobStore { get; set; } = new();
}

/// <summary>Where blobs lie.</summary>
internal sealed class BlobStoreOptions
{
    /// <summary><c>sql</c> (beside the snapshots), <c>file</c>, <c>redis</c> or <c>s3</c>.</summary>
    public string Type { get; set; } = "sql";

    /// <summary>The directory of the file store.</summary>
    public string Directory { get; set; } = "";

    /// <summary>What keys of the Redis store and objects of the S3 store begin with.</summary>
    public string Prefix { get; set; } = "risk-hub";

    /// <summary>The bucket of the S3 store.</summary>
    public string Bucket { get; set; } = "";

    /// <summary>The S3 service, such as <c>https://s3.eu-central-1.amazonaws.com</c>; objects are addressed as <c>/bucket/key</c>.</summary>
    public string Endpoint { get; set; } = "";

    public string Region { get; set; } = "us-east-1";

    /// <summary>Key and secret of the S3 service; empty sends unsigned requests.</summary>
    public string AccessKey { get; set; } = "";

    public string SecretKey { get; set; } = "";
}
