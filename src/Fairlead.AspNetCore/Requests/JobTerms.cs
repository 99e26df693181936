using Fairlead.Storage;

namespace Fairlead.AspNetCore.Requests;

/// <summary>What the query says of a job, or of every item of a batch; what it leaves out is the queue's.</summary>
internal static class JobTerms
{
    /// <summary>The parameters.</summary>
    public static readonly string[] Names = ["priority", "delay", "group", "timeout", "deadline", "kind", "retries"];

    /// <summary>A job without a payload.</summary>
    public static NewJob Read(QueryOptions query, string queue) => new()
    {
        Queue = queue,
        Kind = JobKind.Read(query.Text("kind") ?? queue),
        Priority = query.Whole("priority", -1000, 1000) ?? 0,
        Delay = query.Duration("delay", allowZero: true) ?? TimeSpan.Zero,
        Group = query.Text("group"),
        Timeout = query.Duration("timeout"),
        Deadline = query.Duration("deadline"),
        Retries = query.Whole("retries", 0, 1000),
    };
}
