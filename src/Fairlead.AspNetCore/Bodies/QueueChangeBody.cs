namespace Fairlead.AspNetCore.Bodies;

/// <summary>What an operator changed of a queue, with the keys and values of <c>PATCH queues/{queue}</c>; what stays as declared is left out.</summary>
internal sealed record QueueChangeBody
{
    public int? MaxConcurrent { get; init; }

    public string? Timeout { get; init; }

    public string? KillAfter { get; init; }

    public string? SlowAfter { get; init; }

    public int? Retries { get; init; }

    public double? RetryBudget { get; init; }

    public int? Priority { get; init; }

    public int? GroupConcurrency { get; init; }

    public static QueueChangeBody? Of(QueueChange? change) => change is null ? null : new()
    {
        MaxConcurrent = change.MaxConcurrent,
        Timeout = Text(change.Timeout),
        KillAfter = Text(change.KillAfter),
        SlowAfter = Text(change.SlowAfter),
        Retries = change.Retries,
        RetryBudget = change.RetryBudget,
        Priority = change.Priority,
        GroupConcurrency = change.GroupConcurrency,
    };

    private static string? Text(TimeSpan? time) => time is { } known ? DurationText.Format(known) : null;
}
