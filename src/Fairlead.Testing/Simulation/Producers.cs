using Fairlead.Simulation;
using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>The world outside: enqueues work of every kind, cancels, retries, pauses, changes queues, and meets lost answers of its own.</summary>
internal sealed class Producers(VirtualTime time, IJobStore store, PlanBook plans, Auditor auditor, Random random, int jobs)
{
    private const int MostNested = 3;
    private readonly List<JobId> _known = [];
    private readonly HashSet<string> _paused = [];

    public async Task RunAsync()
    {
        while (plans.NextTag <= jobs + 1 || auditor.Jobs.Count < jobs)
        {
            try
            {
                await ActAsync();
            }
            catch (StoreUnavailableException)
            {
                // A producer that got no answer does not know: whether it happened is the auditor's business.
            }
            catch (ArgumentException)
            {
                // An item's key is held: nothing was added.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 900)), time);
        }
        await PutBackAsync();
    }

    private async Task ActAsync()
    {
        switch (random.Next(20))
        {
            case < 12:
                var few = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Job(depth: 0)).ToArray();
                _known.AddRange((await store.EnqueueAsync(few)).Select(answer => answer.Id));
                break;
            case < 14:
                _known.Add(await store.EnqueueBatchAsync(Batch()));
                break;
            case < 17:
                await MeddleAsync(retry: random.Next(2) == 0);
                break;
            case < 18:
                await PauseOrResumeAsync();
                break;
            case < 19:
                await ChangeAsync();
                break;
            default:
                await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 4)), time);
                break;
        }
    }

    /// <summary>An operator: cancels what there is, or retries what has failed. Items of batches too.</summary>
    private async Task MeddleAsync(bool retry)
    {
        if (auditor.Jobs.Count == 0)
        {
            return;
        }
        var candidates = auditor.Jobs.Where(job => retry == (job.Status is JobStatus.Failed or JobStatus.Cancelled)).ToArray();
        var id = candidates.Length > 0 ? candidates[random.Next(candidates.Length)].Id : auditor.Jobs[random.Next(auditor.Jobs.Count)].Id;
        if (retry)
        {
            await store.RetryAsync(id);
        }
        else
        {
            await store.CancelAsync(id);
        }
    }

    private async Task PauseOrResumeAsync()
    {
        var queue = ClusterQueues.All[random.Next(ClusterQueues.All.Count)].Name;
        if (_paused.Add(queue))
        {
            await store.PauseAsync(queue);
            return;
        }
        _paused.Remove(queue);
        await store.ResumeAsync(queue);
    }

    /// <summary>An operator: more at once, fewer, or as many as declared.</summary>
    private async Task ChangeAsync()
    {
        var queue = ClusterQueues.All[random.Next(ClusterQueues.All.Count)].Name;
        await store.ChangeQueueAsync(queue, random.Next(4) == 0 ? null : new() { MaxConcurrent = random.Next(1, 7) });
    }

    private async Task PutBackAsync()
    {
        foreach (var queue in ClusterQueues.All)
        {
            for (var done = false; !done;)
            {
                try
                {
                    await store.ResumeAsync(queue.Name);
                    await store.ChangeQueueAsync(queue.Name, null);
                    done = true;
                }
                catch (StoreUnavailableException)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), time);
                }
            }
        }
    }

    private NewBatch Batch()
    {
        var size = random.Next(2, 25);
        // Items that take equally long end together: in one call of the store, and sometimes two of them last.
        var equal = random.Next(2) == 0 ? TimeSpan.FromMilliseconds(random.Next(10, 600)) : (TimeSpan?)null;
        return new NewBatch
        {
            Queue = "fast",
            Items = [.. Enumerable.Range(0, size).Select(_ => Job(depth: 1, equal) with { UniqueKey = null })],
            Finalize = random.Next(4) == 0 ? null : new NewJob { Queue = "fast", Kind = ClusterQueues.Last, Payload = Plan(depth: 2) },
            MaxParallel = random.Next(2) == 0 ? random.Next(1, 4) : null,
            FailOnError = random.Next(3) == 0,
        };
    }

    private NewJob Job(int depth, TimeSpan? takes = null)
    {
        var queue = ClusterQueues.All[random.Next(ClusterQueues.All.Count)].Name;
        // Parents keep their places: where these are few, children that need one would wait for them for ever.
        var payload = Plan(depth, takes, mayBranch: queue == "fast" && depth < MostNested);
        return new NewJob
        {
            Queue = queue,
            Kind = random.Next(3) == 0 ? ClusterQueues.B : ClusterQueues.A,
            Payload = payload,
            Group = random.Next(queue == "shared" ? 5 : 12) is < 4 and var group ? $"g{group}" : null,
            Priority = random.Next(3) == 0 ? random.Next(-3, 4) : 0,
            Delay = random.Next(6) == 0 ? TimeSpan.FromMilliseconds(random.Next(1, 15000)) : TimeSpan.Zero,
            UniqueKey = random.Next(6) == 0 ? $"key{random.Next(5)}" : null,
            Timeout = random.Next(8) == 0 ? TimeSpan.FromSeconds(random.Next(1, 6)) : null,
            Deadline = random.Next(12) == 0 ? TimeSpan.FromSeconds(random.Next(5, 60)) : null,
            Retries = random.Next(6) == 0 ? random.Next(0, 3) : null,
            After = depth == 0 && random.Next(6) == 0 && _known.Count > 0 ? Some() : [],
            Then = random.Next(8) == 0 && plans.Find(payload).Branch is null ? new NextStep("fast", ClusterQueues.After) : null,
        };
    }

    private JobId[] Some() => [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => _known[Math.Max(0, _known.Count - 1 - random.Next(12))]).Distinct()];

    /// <summary>What a parent leaves to others; sometimes nothing.</summary>
    private NewBatch Kids(int depth) => new()
    {
        Queue = "fast",
        Items = [.. Enumerable.Range(0, random.Next(0, 5)).Select(_ => Job(depth) with { UniqueKey = null })],
        Finalize = random.Next(4) == 0 ? new NewJob { Queue = "fast", Kind = ClusterQueues.Last, Payload = Plan(MostNested) } : null,
        MaxParallel = random.Next(3) == 0 ? random.Next(1, 3) : null,
        FailOnError = random.Next(2) == 0,
    };

    private ReadOnlyMemory<byte> Plan(int depth, TimeSpan? takes = null, bool mayBranch = false)
    {
        // Further plans first: what follows a job must be in the book when it does.
        var result = plans.Add(new WorkPlan { Tag = plans.NextTag, Takes = TimeSpan.FromMilliseconds(random.Next(1, 300)) }).Tag;
        var children = depth < 2 && random.Next(6) == 0 ? Enumerable.Range(0, random.Next(1, 3)).Select(_ => Job(depth + 2)).ToArray() : [];
        var branch = mayBranch && random.Next(4) == 0 ? Kids(depth + 1) : null;
        var unwell = random.Next(10);
        return WorkPlan.Write(plans.Add(new WorkPlan
        {
            Tag = plans.NextTag,
            Takes = takes ?? TimeSpan.FromMilliseconds(random.Next(20) == 0 ? random.Next(4000, 20000) : random.Next(3) == 0 ? random.Next(1, 20) : random.Next(20, 1500)),
            Deaf = random.Next(10) == 0,
            Failures = unwell < 2 ? random.Next(1, 5) : 0,
            FailsForGood = unwell == 2,
            Deferrals = unwell == 3 ? random.Next(1, 3) : 0,
            Children = children,
            Branch = branch,
            Result = result,
        }).Tag);
    }
}
