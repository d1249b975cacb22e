namespace Qmtl.Gateway.Submissions;

/// <summary>Where a submission stands.</summary>
internal enum SubmissionStatus
{
    /// <summary>Taken in; nobody works on it.</summary>
    Queued,

    /// <summary>Being bound and compared with the graph.</summary>
    Processing,

    /// <summary>Done.</summary>
    Completed,

    /// <summary>The last attempt failed; another may follow.</summary>
    Failed,
}

/// <summary>What happens to a submission.</summary>
internal enum SubmissionEvent
{
    /// <summary>A worker starts on it, or takes it over from one that is gone.</summary>
    Process,

    /// <summary>The worker is done.</summary>
    Complete,

    /// <summary>The worker failed.</summary>
    Fail,

    /// <summary>A worker starts again on one that failed.</summary>
    Retry,
}

/// <summary>The states a submission goes through. Pure.</summary>
internal static class SubmissionStates
{
    /// <summary>The state after an event, or null when the event does not apply.</summary>
    public static SubmissionStatus? Next(SubmissionStatus from, SubmissionEvent happened) => (from, happened) switch
    {
        (SubmissionStatus.Queued or SubmissionStatus.Processing, SubmissionEvent.Process) => SubmissionStatus.Processing,
        (SubmissionStatus.Failed, SubmissionEvent.Retry) => SubmissionStatus.Processing,
        (SubmissionStatus.Processing, SubmissionEvent.Complete) => SubmissionStatus.Completed,
        (SubmissionStatus.Processing, SubmissionEvent.Fail) => SubmissionStatus.Failed,
        _ => null,
    };

    /// <summary>The event by which a worker takes a submission up, or null when there is nothing to take up.</summary>
    public static SubmissionEvent? TakeUp(SubmissionStatus from) => from switch
    {
        SubmissionStatus.Queued or SubmissionStatus.Processing => SubmissionEvent.Process,
        SubmissionStatus.Failed => SubmissionEvent.Retry,
        _ => null,
    };

    /// <summary>The state's text on the wire and in the store.</summary>
    public static string ToToken(this SubmissionStatus status) => status switch
    {
        SubmissionStatus.Queued => "queued",
        SubmissionStatus.Processing => "processing",
        SubmissionStatus.Completed => "completed",
        _ => "failed",
    };

    /// <summary>The event's text in the store.</summary>
    public static string ToToken(this SubmissionEvent happened) => happened switch
    {
        SubmissionEvent.Process => "process",
        SubmissionEvent.Complete => "complete",
        SubmissionEvent.Fail => "fail",
        _ => "retry",
    };

    /// <summary>The state a text names, or null.</summary>
    public static SubmissionStatus? Parse(string text) => text switch
    {
        "queued" => SubmissionStatus.Queued,
        "processing" => SubmissionStatus.Processing,
        "completed" => SubmissionStatus.Completed,
        "failed" => SubmissionStatus.Failed,
        _ => null,
    };
}
