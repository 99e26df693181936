using Fairlead.Storage;

namespace Fairlead;

/// <summary>How a queue is set up in code or configuration (<c>Fairlead:Queues:name</c>). Checked when the host starts.</summary>
public sealed class QueueOptions
{
    /// <inheritdoc cref="QueueDefinition.Label" />
    public string? Label { get; set; }

    /// <inheritdoc cref="QueueDefinition.MaxConcurrent" />
    public int? MaxConcurrent { get; set; }

    /// <inheritdoc cref="QueueDefinition.Timeout" />
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc cref="QueueDefinition.TimeoutBy" />
    public TimeoutBy? TimeoutBy { get; set; }

    /// <inheritdoc cref="QueueDefinition.KillAfter" />
    public TimeSpan KillAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc cref="QueueDefinition.SlowAfter" />
    public TimeSpan? SlowAfter { get; set; }

    /// <inheritdoc cref="QueueDefinition.Deadline" />
    public TimeSpan Deadline { get; set; } = TimeSpan.FromDays(7);

    /// <inheritdoc cref="QueueDefinition.Retries" />
    public int Retries { get; set; } = 3;

    /// <inheritdoc cref="QueueDefinition.BackoffFirst" />
    public TimeSpan BackoffFirst { get; set; } = TimeSpan.FromSeconds(2);

    /// <inheritdoc cref="QueueDefinition.BackoffMax" />
    public TimeSpan BackoffMax { get; set; } = TimeSpan.FromMinutes(5);

    /// <inheritdoc cref="QueueDefinition.RetryBudget" />
    public double? RetryBudget { get; set; }

    /// <inheritdoc cref="QueueDefinition.Priority" />
    public int Priority { get; set; }

    /// <inheritdoc cref="QueueDefinition.MaxPayload" />
    public int MaxPayload { get; set; } = 1024 * 1024;

    /// <inheritdoc cref="QueueDefinition.SequentialUpTo" />
    public int SequentialUpTo { get; set; }

    /// <summary>
    /// What each job takes of which limits before its attempt starts; all of it or none. A name alone takes one permit; of two uses of one
    /// limit the last counts, so that configuration stands above code.
    /// </summary>
    public IList<LimitUse> Limits { get; } = [];

    /// <inheritdoc cref="QueueDefinition.Group" />
    public string? Group { get; set; }

    /// <inheritdoc cref="QueueDefinition.Unique" />
    public string? Unique { get; set; }

    /// <inheritdoc cref="QueueDefinition.GroupConcurrency" />
    public int? GroupConcurrency { get; set; }

    /// <inheritdoc cref="QueueDefinition.Weights" />
    public IDictionary<string, double> Weights { get; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <inheritdoc cref="QueueDefinition.Breaker" />
    public BreakerPolicy? Breaker { get; set; }

    /// <summary>The job name that follows success, with its result as payload; null for none. The name must be known through <c>AddJob</c>.</summary>
    public string? Then { get; set; }

    /// <summary>The processes its handlers run in; null (the default): they run in the node's own. See <see cref="RunInOwnProcess" />.</summary>
    public ProcessOptions? OwnProcess { get; set; }

    /// <summary>
    /// Runs this queue's handlers in processes of their own, which are this very program started again: one job at a time in each, and what
    /// hangs, crashes or eats memory there is ended for certain, whatever its code does, and costs one attempt, not the node. The program's
    /// <c>Main</c> runs there as far as its host is built: nothing that the host would start is started, and no code behind that runs. What
    /// handlers write to standard output becomes log. A job costs a few microseconds more, a process what a program of its size takes.
    /// Needs Linux or macOS, and a store that processes share: not the one in memory, if handlers use it.
    /// In virtual time, as tests with a harness have it, handlers run where the node does.
    /// </summary>
    /// <param name="configure">How many, for how long.</param>
    public QueueOptions RunInOwnProcess(Action<ProcessOptions>? configure = null)
    {
        OwnProcess ??= new ProcessOptions();
        configure?.Invoke(OwnProcess);
        return this;
    }

    /// <summary>The definition the cluster is shown.</summary>
    internal QueueDefinition ToDefinition(string name, NextStep? then) => new()
    {
        Name = name,
        Label = Label,
        MaxConcurrent = MaxConcurrent,
        Timeout = Timeout,
        TimeoutBy = TimeoutBy,
        KillAfter = KillAfter,
        SlowAfter = SlowAfter,
        Deadline = Deadline,
        Retries = Retries,
        BackoffFirst = BackoffFirst,
        BackoffMax = BackoffMax,
        RetryBudget = RetryBudget,
        Priority = Priority,
        MaxPayload = MaxPayload,
        SequentialUpTo = SequentialUpTo,
        Then = then,
        Limits = [.. Limits.Reverse().DistinctBy(static use => use.Name).Reverse()],
        Group = Group,
        Unique = Unique,
        GroupConcurrency = GroupConcurrency,
        Weights = new Dictionary<string, double>(Weights, StringComparer.Ordinal),
        Breaker = Breaker,
    };

    /// <summary>Every rule that the options break, in words; empty when they are sound.</summary>
    internal IEnumerable<string> Problems(string queue)
    {
        if (queue.Length is 0 or > 200)
        {
            yield return $"A queue's name has 1 to 200 characters; got {queue.Length}.";
        }
        if (MaxConcurrent is < 1)
        {
            yield return $"Queue '{queue}': MaxConcurrent expects 1 or more (or nothing for no limit); got {MaxConcurrent}.";
        }
        if (Timeout <= TimeSpan.Zero)
        {
            yield return $"Queue '{queue}': Timeout expects more than zero (or nothing for no limit); got {Timeout}.";
        }
        if (KillAfter < TimeSpan.Zero)
        {
            yield return $"Queue '{queue}': KillAfter expects zero or more; got {KillAfter}.";
        }
        if (SlowAfter <= TimeSpan.Zero)
        {
            yield return $"Queue '{queue}': SlowAfter expects more than zero (or nothing for never); got {SlowAfter}.";
        }
        if (Deadline <= TimeSpan.Zero)
        {
            yield return $"Queue '{queue}': Deadline expects more than zero; got {Deadline}.";
        }
        if (Retries < 0)
        {
            yield return $"Queue '{queue}': Retries expects zero or more; got {Retries}.";
        }
        if (BackoffFirst <= TimeSpan.Zero || BackoffMax < BackoffFirst)
        {
            yield return $"Queue '{queue}': expected 0 < BackoffFirst <= BackoffMax; got {BackoffFirst} and {BackoffMax}.";
        }
        if (RetryBudget is <= 0 or > 1)
        {
            yield return $"Queue '{queue}': RetryBudget expects a share above 0 and up to 1, such as 0.1 for 10 %; got {RetryBudget}.";
        }
        if (MaxPayload is < 1 or > 1 << 30)
        {
            yield return $"Queue '{queue}': MaxPayload expects 1 byte to 1 GiB; got {MaxPayload}.";
        }
        if (SequentialUpTo < 0)
        {
            yield return $"Queue '{queue}': SequentialUpTo expects zero or more; got {SequentialUpTo}.";
        }
        foreach (var problem in FlowProblems(queue))
        {
            yield return problem;
        }
    }

    private IEnumerable<string> FlowProblems(string queue)
    {
        foreach (var use in Limits)
        {
            if (use.Name.Length == 0 || use.Cost < 1)
            {
                yield return $"Queue '{queue}': a limit's use expects a name and a cost of 1 or more; got '{use.Name}' and {use.Cost}.";
            }
            if (use.CostPointer is { } cost && JsonPointer.Problem(cost) is { } wrong)
            {
                yield return $"Queue '{queue}': the cost of limit '{use.Name}' {wrong}.";
            }
        }
        if (Group is { } group && JsonPointer.Problem(group) is { } problem)
        {
            yield return $"Queue '{queue}': Group {problem}.";
        }
        if (Unique is { } unique && JsonPointer.Problem(unique) is { } unfound)
        {
            yield return $"Queue '{queue}': Unique {unfound}.";
        }
        if (GroupConcurrency is < 1)
        {
            yield return $"Queue '{queue}': GroupConcurrency expects 1 or more (or nothing for no limit); got {GroupConcurrency}.";
        }
        foreach (var (name, weight) in Weights)
        {
            if (!(weight > 0 && double.IsFinite(weight)))
            {
                yield return $"Queue '{queue}': the weight of group '{name}' expects a number above zero; got {weight}.";
            }
        }
        foreach (var unsound in TimeoutBy?.Problems($"Queue '{queue}'") ?? [])
        {
            yield return unsound;
        }
        foreach (var unsound in Breaker?.Problems($"Queue '{queue}'") ?? [])
        {
            yield return unsound;
        }
        foreach (var unsound in OwnProcess?.Problems(queue) ?? [])
        {
            yield return unsound;
        }
    }
}
