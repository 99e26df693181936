using System.Security.Cryptography;
using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Cli.Runs;

/// <summary>One process working on one run: a node that claims the run's items, watched until the last has ended or somebody asks to stop.</summary>
internal sealed class RunSession(CommandContext context, IJobStore store, JobId id, RunPlan plan, QueueDefinition queue, RunWorker worker, IRunDisplay display)
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShowEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Works until the run has ended.</summary>
    /// <returns>False when it was interrupted.</returns>
    public async Task<bool> RunAsync()
    {
        using var loggers = new MessageLoggers(display.Say);
        await worker.ReadyAsync();
        await using var node = new Node(store, Settings(), loggers);
        var bell = new Wakeup(context.Time);
        using var listening = store.Listen(signals => RingOnEnd(signals, bell));
        await node.StartAsync(context.Cancelled);
        var ended = await WatchAsync(bell);
        await StopAsync(node);
        return ended;
    }

    private NodeSettings Settings() => new()
    {
        Name = $"{Environment.MachineName}:{Environment.ProcessId}",
        Slots = plan.Concurrency,
        Queues = [new ServedQueue(queue, [new JobKind(plan.Kind)])],
        Limits = plan.NamedLimits,
        Worker = worker,
        Prefetch = 0,
        Time = context.Time,
        Random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue)),
    };

    private static void RingOnEnd(StoreSignals signals, Wakeup bell)
    {
        if (signals.HasFlag(StoreSignals.Ended))
        {
            bell.Ring();
        }
    }

    /// <summary>Looks at the counts a few times a second, and at every end once few items are left.</summary>
    private async Task<bool> WatchAsync(Wakeup bell)
    {
        while (!context.Cancelled.IsCancellationRequested)
        {
            var run = await store.GetJobAsync(id) ?? throw new CommandFailure($"The run {id} is not in {store.Description} any more.");
            var items = run.BatchState!.Items;
            display.Show(items);
            if (run.Status.IsEnded())
            {
                return true;
            }
            await WaitAsync(bell, few: items.Total - items.Ended <= 2 * plan.Concurrency);
        }
        return false;
    }

    private async Task WaitAsync(Wakeup bell, bool few)
    {
        if (few)
        {
            await bell.WaitAsync(ShowEvery, context.Cancelled);
        }
        else
        {
            await Task.Delay(ShowEvery, context.Time, context.Cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Lets what runs finish for a moment, then ends it and hands it back; a second signal ends it at once.</summary>
    private async Task StopAsync(Node node)
    {
        using var drain = new CancellationTokenSource(Drain, context.Time);
        using var drained = CancellationTokenSource.CreateLinkedTokenSource(drain.Token, context.Interruption.Hurried);
        var stopping = node.StopAsync(drained.Token);
        var hurried = Task.Delay(Timeout.InfiniteTimeSpan, context.Time, context.Interruption.Hurried);
        if (await Task.WhenAny(stopping, hurried) == hurried)
        {
            await worker.DisposeAsync();
        }
        await stopping;
    }
}
