namespace Qmtl.Gateway.Submissions;

/// <summary>Under which name this gateway process works on submissions. A process that starts again has another name: it does not inherit what it left behind, it takes it over like anybody.</summary>
internal sealed class WorkerIdentity(SubmissionOptions options, TimeProvider time)
{
    /// <summary>Machine, process, and what tells processes with one number apart.</summary>
    public string Id { get; } = $"{Environment.MachineName}:{Environment.ProcessId}:{Guid.CreateVersion7(time.GetUtcNow()):N}";

    /// <summary>The right to work on something, as this process claims it.</summary>
    public SubmissionHold Hold => new(Id, options.HoldFor);
}
