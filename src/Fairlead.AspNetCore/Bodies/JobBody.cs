using Fairlead.Batches;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>A job or batch in JSON, the body of <c>GET jobs/{id}</c>.</summary>
internal sealed record JobBody
{
    public required long Id { get; init; }

    public required string Queue { get; init; }

    public required string Kind { get; init; }

    public string? Name { get; init; }

    public required string Status { get; init; }

    /// <summary>0 to 100.</summary>
    public required double Progress { get; init; }

    public required long ProcessedItems { get; init; }

    public required long TotalItems { get; init; }

    public required long SuccessCount { get; init; }

    public required long ErrorCount { get; init; }

    public long? TimedOutCount { get; init; }

    public long? CancelledCount { get; init; }

    public long? ProcessingCount { get; init; }

    public int? Generation { get; init; }

    public ReasonBody? Reason { get; init; }

    public int Priority { get; init; }

    public string? Group { get; init; }

    public string? Unique { get; init; }

    public long? Batch { get; init; }

    public int? Item { get; init; }

    public long? Parent { get; init; }

    /// <summary>The batch of its children, whose counts are its own.</summary>
    public long? Children { get; init; }

    /// <summary>How many children were left out because an unfinished job held their key.</summary>
    public int? LeftOut { get; init; }

    /// <summary>The time its schedule made it for.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    public int Attempt { get; init; }

    public required DateTimeOffset EnqueuedAt { get; init; }

    public DateTimeOffset? DueAt { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? Outcome { get; init; }

    public string? Error { get; init; }

    public bool? CancelRequested { get; init; }

    public RawJson? Payload { get; init; }

    public RawJson? Result { get; init; }

    /// <summary>Its attempts in order; only where one job is asked for.</summary>
    public IReadOnlyList<AttemptBody>? Attempts { get; init; }

    /// <param name="job">The job.</param>
    /// <param name="children">The batch of its children, where it has some and they are at hand.</param>
    public static JobBody Of(Job job, Job? children = null)
    {
        var counts = Counts.Of(children ?? job);
        return new JobBody
        {
            Id = job.Id.Value,
            Queue = job.Queue,
            Kind = job.Kind.ToString(),
            Name = job.BatchState?.Name,
            Status = job.Status.ToWire(),
            Progress = counts.Total == 0 ? 0 : Math.Floor(1000.0 * counts.Processed / counts.Total) / 10,
            ProcessedItems = counts.Processed,
            TotalItems = counts.Total,
            SuccessCount = counts.Success,
            ErrorCount = counts.Errors,
            TimedOutCount = job.BatchState?.Items.TimedOut,
            CancelledCount = job.BatchState?.Items.Cancelled,
            ProcessingCount = job.BatchState?.Items.Processing,
            Generation = job.BatchState?.Generation,
            Reason = job.Reason is { } reason ? new ReasonBody(Diagnostics.WaitCauses.ToWire(reason.Cause), reason.Key, reason.Until) : null,
            Priority = job.Priority,
            Group = job.Group,
            Unique = job.UniqueKey,
            Batch = job.Batch?.Value,
            Item = job.Item,
            Parent = job.Parent?.Value,
            Children = job.Children?.Value,
            LeftOut = job.ChildrenLeftOut > 0 ? job.ChildrenLeftOut : null,
            ScheduledFor = job.ScheduledFor,
            Attempt = job.Attempt,
            EnqueuedAt = job.EnqueuedAt,
            DueAt = job.DueAt,
            Deadline = job.Deadline,
            StartedAt = job.StartedAt,
            EndedAt = job.EndedAt,
            Outcome = job.LastOutcome is { } outcome ? AttemptOutcomes.ToWire(outcome) : null,
            Error = job.Error,
            CancelRequested = job.CancelRequested ? true : null,
            Payload = RawJson.OrNull(job.Payload),
            Result = RawJson.OrNull(job.Result),
        };
    }
}

/// <summary>Why a job does not run now.</summary>
internal sealed record ReasonBody(string Code, string Key, DateTimeOffset? Until);

/// <summary>A page of jobs, the body of <c>GET jobs</c>.</summary>
internal sealed record JobPageBody(IReadOnlyList<JobBody> Jobs, long? Next);

/// <summary>How far a job has come: a batch by its items, a job by what it reports, else by whether it ended.</summary>
internal readonly record struct Counts(long Processed, long Total, long Success, long Errors)
{
    public static Counts Of(Job job) => job switch
    {
        { BatchState.Items: StateTally items } => new(items.Ended, items.Total, items.Completed, items.Failed),
        { Children: not null, Result: var result } when ChildrenResult.Read(result.Span) is { } children => new(children.Total, children.Total, children.Completed, children.Failed),
        { Status: JobStatus.Processing, Progress: { } reported } => new(reported.Processed, reported.Total, 0, 0),
        _ => new(job.Status.IsEnded() ? 1 : 0, 1, job.Status == JobStatus.Completed ? 1 : 0, job.Status == JobStatus.Failed ? 1 : 0),
    };
}
