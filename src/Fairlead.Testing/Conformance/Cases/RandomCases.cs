using Fairlead.Batches;
using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Seeded random schedules of verbs from two processes, held against a model of a hundred lines after every step.</summary>
internal static class RandomCases
{
    private const int Seeds = 12;

    public static IEnumerable<ConformanceCase> All =>
    [
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Random.Schedule{seed}",
            "Any order of verbs gives what the model says, and counters are exact after every step.",
            scene => new RandomSchedule(scene, seed).RunAsync())),
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Random.Batches{seed}",
            "Whatever happens to their items, batches keep their parallelism, count exactly, end once and finalize once in each generation.",
            scene => new RandomBatches(scene, seed).RunAsync())),
    ];
}

/// <summary>One job as the model knows it.</summary>
internal sealed class ModelJob
{
    public required JobId Id { get; init; }
    public required int Priority { get; init; }
    public string? Key { get; init; }
    public JobId? After { get; init; }
    public JobStatus Status { get; set; }
    public DateTimeOffset DueAt { get; set; }
    public int Spent { get; set; }
    public bool Marked { get; set; }
    public int Holder { get; set; }
    public ClaimedJob? Run { get; set; }
}

/// <summary>Single jobs: priorities, delays, keys, waiting for each other, every way to end an attempt, operators, nodes coming and going.</summary>
internal sealed class RandomSchedule(Scene scene, int seed)
{
    private const int Steps = 250;
    private const int MaxConcurrent = 4;
    private readonly Random _random = new(seed);
    private readonly List<ModelJob> _jobs = [];
    private readonly List<(NodeId Node, ClaimedJob Job)> _past = [];
    private readonly IJobStore[] _stores = new IJobStore[2];
    private readonly NodeId[] _nodes = new NodeId[2];
    private bool _paused;
    private long _stale;

    public async Task RunAsync()
    {
        _stores[0] = scene.Store;
        _stores[1] = await scene.OpenAnotherAsync();
        for (var i = 0; i < 2; i++)
        {
            _nodes[i] = await scene.JoinAsync(_stores[i], MaxConcurrent);
        }
        for (var step = 0; step < Steps; step++)
        {
            var verb = await StepAsync();
            await CompareAsync($"after step {step} ({verb}) of seed {seed}");
        }
    }

    private async Task<string> StepAsync()
    {
        var at = _random.Next(2);
        switch (_random.Next(14))
        {
            case 0 or 1 or 2:
                await EnqueueAsync(at);
                return "enqueue";
            case 3 or 4 or 5:
                await ClaimAsync(at);
                return "claim";
            case 6 or 7 or 8:
                await EndOneAsync();
                return "apply";
            case 9:
                await CancelAsync(at);
                return "cancel";
            case 10:
                await RetryAsync(at);
                return "retry";
            case 11:
                _paused = !_paused;
                await (_paused ? _stores[at].PauseAsync(Scene.Queue) : _stores[at].ResumeAsync(Scene.Queue));
                return "pause or resume";
            case 12:
                await StaleAsync();
                return "stale apply";
            default:
                return await NodeAsync(at);
        }
    }

    private async Task EnqueueAsync(int at)
    {
        var key = _random.Next(3) == 0 ? $"k{_random.Next(4)}" : null;
        var after = _random.Next(4) == 0 && _jobs.Count > 0 ? Any(_jobs).Id : (JobId?)null;
        var delay = _random.Next(3) == 0 ? _random.Next(1, 4) : 0;
        var job = Job(priority: _random.Next(-2, 3), delay: delay, key: key) with { After = after is { } id ? [id] : [] };
        var holder = key is null ? null : _jobs.Find(j => j.Key == key && !j.Status.IsEnded());
        var answer = (await _stores[at].EnqueueAsync([job]))[0];
        Expect.Equal(holder is not null, answer.Existing);
        if (holder is not null)
        {
            Expect.Equal(holder.Id, answer.Id);
            return;
        }
        var model = new ModelJob { Id = answer.Id, Priority = job.Priority, Key = key, After = after, DueAt = scene.Clock.Now.AddSeconds(delay) };
        _jobs.Add(model);
        model.Status = after is null ? JobStatus.Scheduled : JobStatus.Blocked;
        if (after is not null)
        {
            Released(_jobs.Find(j => j.Id == after)!, model);
        }
    }

    private void Released(ModelJob first, ModelJob waiting)
    {
        if (waiting.Status == JobStatus.Blocked && first.Status.IsEnded())
        {
            End(waiting, first.Status == JobStatus.Completed ? JobStatus.Scheduled : JobStatus.Cancelled);
        }
    }

    /// <summary>In the model a job that may run is scheduled for a time that has come.</summary>
    private void End(ModelJob job, JobStatus status)
    {
        (job.Status, job.Run, job.Marked) = (status, null, false);
        if (status.IsEnded())
        {
            _jobs.FindAll(j => j.After == job.Id).ForEach(j => Released(job, j));
        }
    }

    private async Task ClaimAsync(int at)
    {
        var slots = _random.Next(1, 6);
        var room = MaxConcurrent - _jobs.Count(j => j.Status == JobStatus.Processing);
        var expected = _jobs.Where(j => !_paused && j.Status == JobStatus.Scheduled && j.DueAt <= scene.Clock.Now)
            .OrderByDescending(j => j.Priority).ThenBy(j => j.Id).Take(Math.Min(slots, room)).ToList();
        var came = await scene.ClaimAsync(_nodes[at], slots, store: _stores[at]);
        Expect.Sequence(expected.Select(j => (j.Id, j.Spent + 1)), came.Select(j => (j.Key.Job, j.Attempt)), "what the claim gave");
        for (var i = 0; i < came.Count; i++)
        {
            (expected[i].Status, expected[i].Run, expected[i].Holder) = (JobStatus.Processing, came[i], at);
        }
    }

    private async Task EndOneAsync()
    {
        if (_jobs.FindAll(j => j.Status == JobStatus.Processing) is not { Count: > 0 } running)
        {
            return;
        }
        var job = Any(running);
        var delay = _random.Next(3);
        var times = scene.Times(job.Run!);
        var end = _random.Next(6) switch
        {
            0 => JobTransition.Failed(times, AttemptOutcome.TimedOut, "slow"),
            1 => JobTransition.Retried(times, AttemptOutcome.Failed, "broke", TimeSpan.FromSeconds(delay)),
            2 => JobTransition.Deferred(times, "429", TimeSpan.FromSeconds(delay), WaitCause.Limit),
            3 => JobTransition.HandedBack(times),
            4 when job.Marked => JobTransition.Cancelled(times),
            _ => JobTransition.Completed(times, Utf8("1"), []),
        };
        _past.Add((_nodes[job.Holder], job.Run!));
        Expect.Equal(ApplyResult.Applied, await scene.ApplyAsync(_nodes[job.Holder], end, _stores[job.Holder]));
        if (_random.Next(3) == 0)
        {
            Expect.Equal(ApplyResult.AlreadyApplied, await scene.ApplyAsync(_nodes[job.Holder], end, _stores[1 - job.Holder]));
        }
        job.Spent += end.CostsAttempt ? 1 : 0;
        job.DueAt = scene.Clock.Now + end.Delay;
        End(job, end.To.IsEnded() ? end.To : job.Marked ? JobStatus.Cancelled : JobStatus.Scheduled);
    }

    private async Task StaleAsync()
    {
        if (_jobs.FindAll(j => j.Status == JobStatus.Processing) is not { Count: > 0 } running)
        {
            return;
        }
        var job = Any(running);
        var wrong = scene.Times(job.Run!.Key with { Fence = job.Run.Key.Fence + _random.Next(1, 3) });
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(_nodes[job.Holder], JobTransition.Completed(wrong, default, [Job()])));
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(_nodes[1 - job.Holder], scene.Completed(job.Run)));
        _stale += 2;
    }

    private async Task CancelAsync(int at)
    {
        if (_jobs.Count == 0)
        {
            return;
        }
        var job = Any(_jobs);
        var before = _jobs.Count(j => j.Status == JobStatus.Cancelled);
        var marked = 0;
        if (job.Status == JobStatus.Processing)
        {
            (job.Marked, marked) = (true, 1);
        }
        else if (!job.Status.IsEnded())
        {
            End(job, JobStatus.Cancelled);
        }
        var cancelled = _jobs.Count(j => j.Status == JobStatus.Cancelled) - before;
        Expect.Equal(new CancelResult(cancelled, marked), await _stores[at].CancelAsync(job.Id));
    }

    private async Task RetryAsync(int at)
    {
        if (_jobs.FindAll(j => j.Status.IsEnded()) is not { Count: > 0 } ended)
        {
            return;
        }
        var job = Any(ended);
        var may = job.Status != JobStatus.Completed && !_jobs.Exists(j => job.Key is not null && j.Key == job.Key && !j.Status.IsEnded());
        Expect.Equal(may ? 1 : 0, await _stores[at].RetryAsync(job.Id));
        if (may)
        {
            (job.Status, job.Spent, job.DueAt) = (JobStatus.Scheduled, 0, scene.Clock.Now);
        }
    }

    private async Task<string> NodeAsync(int at)
    {
        switch (_random.Next(4))
        {
            case 0:
                await _stores[at].LeaveAsync(_nodes[at]);
                _jobs.FindAll(j => j.Run is not null && j.Holder == at).ForEach(GiveBack);
                _nodes[at] = await scene.JoinAsync(_stores[at], MaxConcurrent);
                return "leave and join";
            case 1:
                var held = _jobs.FindAll(j => j.Run is not null && j.Holder == at);
                var lost = held.FindAll(_ => _random.Next(2) == 0);
                var keep = held.Except(lost).Select(j => j.Run!.Key).ToList();
                Expect.Equal(lost.Count, await _stores[at].ReconcileAsync(_nodes[at], scene.NextSequence(_nodes[at]), keep));
                lost.ForEach(GiveBack);
                return "reconcile";
            default:
                scene.Wait(_random.Next(1, 3));
                await HeartbeatsAsync();
                await _stores[at].RescueAsync();
                return "wait";
        }
    }

    private void GiveBack(ModelJob job)
    {
        job.DueAt = scene.Clock.Now;
        End(job, job.Marked ? JobStatus.Cancelled : JobStatus.Scheduled);
    }

    private async Task HeartbeatsAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            var reply = await _stores[i].HeartbeatAsync(_nodes[i]);
            Expect.Equal(true, reply.Held);
            var marked = _jobs.Where(j => j.Run is not null && j.Marked && j.Holder == i).Select(j => j.Run!.Key);
            Expect.Sequence(marked.OrderBy(k => k.Job), reply.Cancel.OrderBy(k => k.Job), "what the heartbeat said to cancel");
        }
    }

    private async Task CompareAsync(string when)
    {
        var tally = (await scene.QueueAsync()).Jobs;
        long Of(JobStatus status) => _jobs.Count(j => j.Status == status);
        // Due work may be promoted by the next claim or at once: what waits for a time and what is ready are one sum here.
        Expect.Equal(
            (_jobs.Count, Of(JobStatus.Scheduled), Of(JobStatus.Blocked), Of(JobStatus.Processing), Of(JobStatus.Completed), Of(JobStatus.Failed), Of(JobStatus.Cancelled)),
            ((int)tally.Total, tally.Scheduled + tally.Queued, tally.Blocked, tally.Processing, tally.Completed, tally.Failed, tally.Cancelled),
            $"(total, waiting, blocked, processing, completed, failed, cancelled) {when}");
        Expect.Equal(_stale, (await scene.Store.GetCountersAsync()).StaleRefused, $"the number of refused results {when}");
        if (_jobs.Count > 0)
        {
            var one = Any(_jobs);
            var seen = await scene.GetAsync(one.Id);
            Expect.True(seen.Status == one.Status || (one.Status, seen.Status) == (JobStatus.Scheduled, JobStatus.Queued),
                $"job {one.Id} to be {one.Status} {when}; it is {seen.Status}");
        }
    }

    private T Any<T>(List<T> list) => list[_random.Next(list.Count)];
}

/// <summary>Batches with limited parallelism under random ends, cancellations, retries and deaths: what must hold whatever happens.</summary>
internal sealed class RandomBatches(Scene scene, int seed)
{
    private const int Steps = 150;
    private readonly Random _random = new(seed);
    private readonly List<(NodeId Node, ClaimedJob Job)> _running = [];
    private readonly Dictionary<JobId, (int Items, int? MaxParallel, int Generations)> _batches = [];

    public async Task RunAsync()
    {
        var node = await scene.JoinAsync();
        for (var i = 0; i < 3; i++)
        {
            int? maxParallel = _random.Next(3) == 0 ? null : _random.Next(1, 4);
            var definition = Batch(_random.Next(1, 9), maxParallel, Job("finalize"), failOnError: _random.Next(2) == 0);
            _batches.Add(await scene.Store.EnqueueBatchAsync(definition), (definition.Items.Count, maxParallel, 1));
        }
        for (var step = 0; step < Steps; step++)
        {
            node = await StepAsync(node);
            await CheckAsync($"after step {step} of seed {seed}");
        }
        await FinishAsync(node);
    }

    private async Task<NodeId> StepAsync(NodeId node)
    {
        switch (_random.Next(8))
        {
            case 0 or 1 or 2:
                _running.AddRange((await scene.ClaimAsync(node, _random.Next(1, 5))).Select(j => (node, j)));
                break;
            case 3 or 4:
                await EndOneAsync();
                break;
            case 5:
                await scene.Store.CancelAsync(await AnyTargetAsync());
                break;
            case 6:
                await RetryAsync(await AnyTargetAsync());
                break;
            default:
                scene.Wait(1);
                await scene.Store.HeartbeatAsync(node);
                if (_random.Next(3) == 0)
                {
                    await scene.Store.LeaveAsync(node);
                    _running.Clear();
                    node = await scene.JoinAsync();
                }
                break;
        }
        return node;
    }

    private async Task<JobId> AnyTargetAsync()
    {
        var batch = _batches.Keys.Order().ElementAt(_random.Next(_batches.Count));
        return _random.Next(2) == 0 ? batch : (await scene.ItemsAsync(batch))[_random.Next(_batches[batch].Items)].Id;
    }

    private async Task RetryAsync(JobId target)
    {
        var batch = (await scene.GetAsync(target)).Batch ?? target;
        if (await scene.Store.RetryAsync(target) > 0)
        {
            _batches[batch] = _batches[batch] with { Generations = _batches[batch].Generations + 1 };
        }
    }

    private async Task EndOneAsync()
    {
        if (_running.Count == 0)
        {
            return;
        }
        var (node, job) = _running[_random.Next(_running.Count)];
        _running.Remove((node, job));
        await scene.DoneAsync(node, _random.Next(4) switch
        {
            0 => scene.Failed(job),
            1 => scene.Retried(job, _random.Next(3)),
            _ => scene.Completed(job),
        });
    }

    private async Task CheckAsync(string when)
    {
        foreach (var (batch, known) in _batches)
        {
            var seen = await scene.GetAsync(batch);
            var (state, items) = (seen.BatchState!, await scene.ItemsAsync(batch));
            var counted = items.Aggregate(default(StateTally), (sum, i) => sum.Add(i.Status, 1, i.LastOutcome == AttemptOutcome.TimedOut));
            Expect.Equal(counted, state.Items, $"the counters of batch {batch} {when}");
            Expect.Equal(known.Items, (int)state.Items.Total, $"the total of batch {batch} {when}");
            Expect.Equal(known.Generations, state.Generation, $"the generation of batch {batch} {when}");
            Expect.True(state.Items.Processing <= (known.MaxParallel ?? int.MaxValue), $"at most {known.MaxParallel} items of batch {batch} processing {when}; there are {state.Items.Processing}");
            Expect.Equal(state.Items.Ended == known.Items, seen.Status.IsEnded(), $"whether batch {batch} has ended {when}");
        }
        var finalizers = (await scene.Store.ListJobsAsync(new() { Queue = "finalize" })).Jobs;
        foreach (var (batch, known) in _batches)
        {
            var own = finalizers.Count(f => f.Parent == batch);
            var ended = (await scene.StatusAsync(batch)).IsEnded();
            Expect.True(own <= known.Generations && (!ended || own >= 1), $"batch {batch} finalized at most once in each of {known.Generations} generations {when}; it was {own} times");
        }
    }

    /// <summary>Left alone, every batch ends: nothing is parked for ever.</summary>
    private async Task FinishAsync(NodeId node)
    {
        for (var round = 0; round < 100; round++)
        {
            foreach (var (holder, job) in _running)
            {
                await scene.DoneAsync(holder, scene.Completed(job));
            }
            _running.Clear();
            scene.Wait(1);
            await scene.Store.HeartbeatAsync(node);
            _running.AddRange((await scene.ClaimAsync(node)).Select(j => (node, j)));
        }
        foreach (var batch in _batches.Keys)
        {
            Expect.True((await scene.StatusAsync(batch)).IsEnded(), $"batch {batch} to end when its items are run");
        }
    }
}
