using Fairlead.Storage;

namespace Fairlead.Cli.Runs;

/// <summary>
/// The queue a run works in, as it declares it. A queue of its own is what the run says. A shared one keeps the definition it has, and
/// what the run says of limits, groups and breaker is laid over it; timeout, retries and kill-after travel with the run, so that two runs
/// never disagree about those.
/// </summary>
internal static class RunQueue
{
    /// <summary>Makes the definition and declares the run's limits, before anything is enqueued.</summary>
    /// <exception cref="CommandFailure">A live node holds another definition of the queue; the message names both.</exception>
    /// <exception cref="StoreMismatchException">A live node holds another definition of one of the limits; the message names both.</exception>
    public static async ValueTask<QueueDefinition> DeclareAsync(IJobStore store, RunPlan plan, CancellationToken cancellationToken)
    {
        var isOwn = plan.Queue.StartsWith(RunPlan.QueuePrefix, StringComparison.Ordinal);
        var held = isOwn ? null : (await store.ListQueuesAsync(cancellationToken)).FirstOrDefault(queue => queue.Name == plan.Queue)?.Definition;
        var wanted = Overlay(held ?? new QueueDefinition { Name = plan.Queue }, plan);
        wanted = isOwn ? wanted with { KillAfter = plan.KillAfter } : wanted;
        if (held is not null && held != wanted && await HolderAsync(store, plan.Queue, cancellationToken) is { } node)
        {
            throw new CommandFailure(
                $"Queue '{plan.Queue}' is held by node '{node.Name}' with {Text(held)}; this run asks for {Text(wanted)}. Nothing was enqueued. Ask for the same, wait until that node has ended, or name another --queue.");
        }
        if (plan.NamedLimits is { Count: > 0 } limits)
        {
            await store.DeclareLimitsAsync(limits, cancellationToken);
        }
        return wanted;
    }

    private static QueueDefinition Overlay(QueueDefinition queue, RunPlan plan) => queue with
    {
        Limits = plan.NamedLimits is { Count: > 0 } limits ? [.. limits.Select(limit => new LimitUse(limit.Name))] : queue.Limits,
        GroupConcurrency = plan.GroupConcurrency ?? queue.GroupConcurrency,
        Breaker = plan.Breaker is { } breaker ? BreakerText.Parse(breaker) : queue.Breaker,
    };

    /// <summary>A live node that serves the queue. One that was killed a moment ago is no reason to refuse: it is looked for first.</summary>
    private static async ValueTask<NodeInfo?> HolderAsync(IJobStore store, string queue, CancellationToken cancellationToken)
    {
        await store.RescueAsync(cancellationToken);
        return (await store.ListNodesAsync(cancellationToken)).FirstOrDefault(node => node.LeftAt is null && node.Serves.ContainsKey(queue));
    }

    private static string Text(QueueDefinition queue)
    {
        var limits = queue.Limits.Count == 0 ? "none" : string.Join(", ", queue.Limits.Select(use => use.Name));
        var breaker = queue.Breaker is { } policy ? BreakerText.Format(policy) : "none";
        return FormattableString.Invariant($"limits {limits}, group concurrency {(object?)queue.GroupConcurrency ?? "none"}, breaker {breaker}");
    }
}
