using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One run of a job: what explains an effect that stands there twice is the fence it carries.</summary>
internal sealed record AttemptBody
{
    public required int Attempt { get; init; }

    public required long Fence { get; init; }

    public required long Node { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Left out while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Left out while it runs.</summary>
    public string? Outcome { get; init; }

    public string? Error { get; init; }

    /// <summary>A job with all its attempts, the first first; a batch has none of its own.</summary>
    public static async ValueTask<JobBody> WithAttemptsAsync(IJobQueries store, Job job, CancellationToken cancellationToken)
    {
        if (job.BatchState is not null)
        {
            return JobBody.Of(job);
        }
        var children = job.Children is { } batch ? await store.GetJobAsync(batch, cancellationToken) : null;
        return JobBody.Of(job, children) with { Attempts = [.. (await store.GetTimelinesAsync(job.Id, cancellationToken)).SelectMany(static life => life.Attempts).Select(Of)] };
    }

    private static AttemptBody Of(JobAttempt attempt) => new()
    {
        Attempt = attempt.Attempt,
        Fence = attempt.Fence,
        Node = attempt.Node.Value,
        StartedAt = attempt.StartedAt,
        EndedAt = attempt.EndedAt,
        Outcome = attempt.Outcome is { } outcome ? AttemptOutcomes.ToWire(outcome) : null,
        Error = attempt.Error,
    };
}
