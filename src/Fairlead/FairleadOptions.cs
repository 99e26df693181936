using Microsoft.Extensions.Options;

namespace Fairlead;

/// <summary>How a Fairlead host is set up, in code or in the configuration section <c>Fairlead</c>. Checked when the host starts.</summary>
public sealed class FairleadOptions
{
    /// <summary>How many attempts this node runs at once. Default 64: handlers mostly wait for others.</summary>
    public int Concurrency { get; set; } = 64;

    /// <summary>A name for people; default <c>machine:process</c>.</summary>
    public string? NodeName { get; set; }

    /// <summary>How long this node may be silent before its work is given to others. Default 8 s; at least 3 s.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// How many jobs may be claimed ahead while jobs are quick (under 20 ms); slower ones are never claimed ahead. Default 2000, 0 for never:
    /// a slot is then claimed for only together with its result's commit, or after it.
    /// </summary>
    public int Prefetch { get; set; } = 2000;

    /// <summary>How long completed jobs are kept. Default 7 days.</summary>
    public TimeSpan KeepCompleted { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long failed and cancelled jobs are kept. Default 30 days.</summary>
    public TimeSpan KeepFailed { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How many permits beyond those that are waited for may be reserved with one call of the store, to be used as they come due; for
    /// limits of many permits a second, and clients that always have a next call. Those not used within 50 ms of their slot are lost to
    /// all. Default 0, at most 1000.
    /// </summary>
    public int LeaseAhead { get; set; }

    /// <summary>The limits by name: what the whole cluster may use of each.</summary>
    public IDictionary<string, Limit> Limits { get; } = new Dictionary<string, Limit>(StringComparer.Ordinal);

    /// <summary>The queues by name. Queues that jobs are registered with need not be listed.</summary>
    public IDictionary<string, QueueOptions> Queues { get; } = new Dictionary<string, QueueOptions>(StringComparer.Ordinal);

    /// <summary>The schedules by name; each must be added in code (<see cref="FairleadBuilder.AddSchedule" />).</summary>
    public IDictionary<string, ScheduleOptions> Schedules { get; } = new Dictionary<string, ScheduleOptions>(StringComparer.Ordinal);
}

/// <summary>Says every rule that the options break.</summary>
internal sealed class FairleadOptionsRules : IValidateOptions<FairleadOptions>
{
    public ValidateOptionsResult Validate(string? name, FairleadOptions options)
    {
        var problems = options.Queues.SelectMany(queue => queue.Value.Problems(queue.Key)).ToList();
        problems.AddRange(options.Limits.SelectMany(limit => limit.Value.Problems(limit.Key)));
        problems.AddRange(options.Schedules.SelectMany(schedule => schedule.Value.Problems(schedule.Key)));
        if (options.LeaseAhead is < 0 or > 1000)
        {
            problems.Add($"LeaseAhead expects 0 to 1000; got {options.LeaseAhead}.");
        }
        if (options.Concurrency is < 1 or > 100_000)
        {
            problems.Add($"Concurrency expects 1 to 100000; got {options.Concurrency}.");
        }
        if (options.Lease < TimeSpan.FromSeconds(3))
        {
            problems.Add($"Lease expects at least 3 s, since a node is heard of every 2 s at most; got {options.Lease}.");
        }
        if (options.Prefetch < 0)
        {
            problems.Add($"Prefetch expects zero or more; got {options.Prefetch}.");
        }
        if (options.KeepCompleted < TimeSpan.Zero || options.KeepFailed < TimeSpan.Zero)
        {
            problems.Add($"KeepCompleted and KeepFailed expect zero or more; got {options.KeepCompleted} and {options.KeepFailed}.");
        }
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
