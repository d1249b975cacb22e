namespace Qmtl.Storage;

/// <summary>Section <c>Storage</c> of the configuration.</summary>
public sealed class StorageOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Storage";

    /// <summary>The file name of the embedded database.</summary>
    public const string FileName = "qmtl.db";

    /// <summary>The folder of the embedded database, used when there is no connection string <c>qmtl</c>. Default: the user's local application data.</summary>
    public string Directory { get; set; } =
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "qmtl");

    /// <summary>Whether a commit waits for the disk. Off, a commit still survives the end of the process, but not a power cut.</summary>
    public bool Fsync { get; set; } = true;

    /// <summary>How long SQLite waits for another process that is writing. 1 to 300 seconds.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a unit of work that lost a race is run in all. 1 to 100.</summary>
    public int WriteAttempts { get; set; } = 10;

    /// <summary>How many waiting units of work SQLite commits with one write to the disk at most. 1 to 10,000.</summary>
    public int GroupCommit { get; set; } = 64;

    /// <summary>The first thing wrong with these options, or null.</summary>
    internal string? Problem() =>
        string.IsNullOrWhiteSpace(Directory) ? "Storage:Directory was empty; name a folder."
        : Outside(BusyTimeout.TotalSeconds, 1, 300) ? $"Storage:BusyTimeout was {BusyTimeout}; it must be 1 to 300 seconds."
        : Outside(WriteAttempts, 1, 100) ? $"Storage:WriteAttempts was {WriteAttempts}; it must be 1 to 100."
        : Outside(GroupCommit, 1, 10_000) ? $"Storage:GroupCommit was {GroupCommit}; it must be 1 to 10000."
        : null;

    private static bool Outside(double value, double least, double most) => value < least || value > most;
}
