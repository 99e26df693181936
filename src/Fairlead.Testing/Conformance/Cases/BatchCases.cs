using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class BatchCases
{
    private static readonly NewJob Last = Job(queue: "finalize", kind: "last", payload: "\"done\"");

    public static IEnumerable<ConformanceCase> All =>
    [
        new("Batch.ItemsFollow", "The items' ids follow the batch's; items get consecutive places from 0.", ItemsFollow),
        new("Batch.EmptyIsRefused", "An empty batch is refused.", EmptyIsRefused),
        new("Batch.HeldKeyIsRefused", "An item whose unique key is held is an error that names it; nothing was added.", HeldKeyIsRefused),
        new("Batch.DoubleKeyIsRefused", "Two items with one unique key are an error.", DoubleKeyIsRefused),
        new("Batch.FoundByName", "The newest batch of a name is found.", FoundByName),
        new("Batch.StatusFollowsItems", "A batch is processing from its first claim on, and completed when all its items have ended.", StatusFollowsItems),
        new("Batch.ExactCounters", "A batch's counters are exact at every read.", ExactCounters),
        new("Batch.ErrorsDoNotFail", "A batch with failed items ends completed, with its error count above zero.", ErrorsDoNotFail),
        new("Batch.FailOnError", "Where it was asked for, a batch with failed items ends failed.", FailOnError),
        new("Batch.TimedOutIsCounted", "Failed items whose last attempt timed out are counted as timed out too.", TimedOutIsCounted),
        new("Batch.FinalizeOnce", "The finalize job is enqueued exactly once, when the last item ends.", FinalizeOnce),
        new("Batch.FinalizeAfterFailure", "The finalize job is enqueued however the last item ended.", FinalizeAfterFailure),
        new("Batch.FinalizeOfTwoLastItems", "Two last items applied in one call finalize once.", FinalizeOfTwoLastItems),
        new("Batch.RetryOpensGeneration", "A retry opens a new generation, which finalizes once more.", RetryOpensGeneration),
        new("Batch.RetryOneItem", "A retry of one item reopens its batch.", RetryOneItem),
        new("Batch.MaxParallel", "At most MaxParallel items are processing at once, in the cluster.", MaxParallel),
        new("Batch.MaxParallelOne", "With MaxParallel 1 items run one after the other, in order.", MaxParallelOne),
        new("Batch.ParkedIsQueued", "An item held back by its batch is queued, and the reason is slot.", ParkedIsQueued),
        new("Batch.PlaceFreedByRetry", "An item that waits for its retry gives its place to the next one.", PlaceFreedByRetry),
        new("Batch.PlaceFreedByCancel", "A cancelled item gives its place to the next one.", PlaceFreedByCancel),
        new("Batch.PlaceSurvivesDeath", "MaxParallel holds through the death of a node.", PlaceSurvivesDeath),
        new("Batch.Cancel", "Cancelling a batch cancels what waits, marks what runs, and it ends cancelled.", Cancel),
        new("Batch.CancelFinalizes", "A cancelled batch is finalized like any other.", CancelFinalizes),
        new("Batch.ResultsPerItem", "Each item keeps its own result.", ResultsPerItem),
        new("Batch.JobsWaitForBatch", "A job may wait for a batch.", JobsWaitForBatch),
        new("Batch.KeepsMemo", "What its maker kept with a batch comes back.", KeepsMemo),
        new("Batch.Large", "Ten thousand items in one call, all or nothing.", Large),
    ];

    private static async Task<(NodeId Node, JobId Batch)> StartAsync(Scene scene, NewBatch batch) =>
        (await scene.JoinAsync(), await scene.Store.EnqueueBatchAsync(batch));

    private static async Task<IReadOnlyList<Job>> FinalizersAsync(Scene scene) =>
        (await scene.Store.ListJobsAsync(new() { Queue = "finalize" })).Jobs;

    private static async Task ItemsFollow(Scene scene)
    {
        var batch = await scene.Store.EnqueueBatchAsync(Batch(4));
        var items = await scene.ItemsAsync(batch);
        Expect.Sequence([1, 2, 3, 4], items.Select(i => (int)(i.Id.Value - batch.Value)));
        Expect.Sequence([0, 1, 2, 3], items.Select(i => i.Item ?? -1));
        Expect.Sequence(["{\"i\":0}", "{\"i\":1}", "{\"i\":2}", "{\"i\":3}"], items.Select(i => Text(i.Payload)));
        Expect.True(items.All(i => i.Batch == batch), "every item to name its batch");
        var header = await scene.GetAsync(batch);
        Expect.Equal("fairlead.batch", header.Kind.Name);
        Expect.Equal(JobStatus.Queued, header.Status);
        var node = await scene.JoinAsync();
        var claimed = await scene.ClaimOneAsync(node);
        Expect.Equal((batch, 0), (claimed.Batch ?? default, claimed.Item ?? -1));
    }

    private static async Task EmptyIsRefused(Scene scene)
    {
        await Expect.ThrowsAsync<ArgumentException>(async () => await scene.Store.EnqueueBatchAsync(Batch(0)));
        Expect.Empty(await scene.AllAsync());
    }

    private static async Task HeldKeyIsRefused(Scene scene)
    {
        await scene.EnqueueAsync(Job(key: "taken"));
        var refused = await Expect.ThrowsAsync<ArgumentException>(async () =>
            await scene.Store.EnqueueBatchAsync(Batch(2) with { Items = [Job(), Job(key: "taken")] }));
        Expect.Contains("taken", refused.Message);
        Expect.Equal(1L, (await scene.TallyAsync()).Total);
        Expect.Equal(1, (await scene.AllAsync()).Count);
    }

    private static async Task DoubleKeyIsRefused(Scene scene)
    {
        await Expect.ThrowsAsync<ArgumentException>(async () =>
            await scene.Store.EnqueueBatchAsync(Batch(2) with { Items = [Job(key: "k"), Job(key: "k")] }));
        Expect.Equal(false, (await scene.Store.EnqueueAsync([Job(key: "k")]))[0].Existing);
    }

    private static async Task FoundByName(Scene scene)
    {
        await scene.Store.EnqueueBatchAsync(Batch(1, name: "sync"));
        var newest = await scene.Store.EnqueueBatchAsync(Batch(1, name: "sync"));
        await scene.Store.EnqueueBatchAsync(Batch(1, name: "other"));
        Expect.Equal(newest, await scene.Store.FindBatchAsync("sync"));
        Expect.Equal(null, await scene.Store.FindBatchAsync("unknown"));
    }

    private static async Task StatusFollowsItems(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(2));
        await scene.ExpectStatusAsync(batch, JobStatus.Queued);
        var first = await scene.ClaimOneAsync(node);
        await scene.ExpectStatusAsync(batch, JobStatus.Processing);
        Expect.True((await scene.GetAsync(batch)).StartedAt is not null, "a started batch to say since when");
        await scene.CompleteAsync(node, first);
        await scene.ExpectStatusAsync(batch, JobStatus.Processing);
        scene.Wait(5);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        await scene.ExpectStatusAsync(batch, JobStatus.Completed);
        Expect.Equal(scene.Clock.Now, (await scene.GetAsync(batch)).EndedAt);
    }

    private static async Task ExactCounters(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(6));
        var jobs = await scene.ClaimAsync(node, 5);
        await scene.CompleteAsync(node, jobs[0]);
        await scene.DoneAsync(node, scene.Failed(jobs[1]));
        await scene.DoneAsync(node, scene.Retried(jobs[2], 60));
        await scene.Store.CancelAsync(batch);
        Expect.Equal(new() { Completed = 1, Failed = 1, Cancelled = 2, Processing = 2 }, (await scene.BatchAsync(batch)).Items);
        Expect.Equal(6L, (await scene.BatchAsync(batch)).Items.Total);
    }

    private static async Task ErrorsDoNotFail(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(2));
        var jobs = await scene.ClaimAsync(node);
        await scene.DoneAsync(node, scene.Failed(jobs[0]));
        await scene.CompleteAsync(node, jobs[1]);
        await scene.ExpectStatusAsync(batch, JobStatus.Completed);
        Expect.Equal(1L, (await scene.BatchAsync(batch)).Items.Failed);
    }

    private static async Task FailOnError(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(2, failOnError: true));
        var jobs = await scene.ClaimAsync(node);
        await scene.DoneAsync(node, scene.Failed(jobs[0]));
        await scene.CompleteAsync(node, jobs[1]);
        await scene.ExpectStatusAsync(batch, JobStatus.Failed);
    }

    private static async Task TimedOutIsCounted(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(2));
        var jobs = await scene.ClaimAsync(node);
        await scene.DoneAsync(node, scene.Failed(jobs[0], AttemptOutcome.TimedOut));
        await scene.DoneAsync(node, scene.Failed(jobs[1]));
        Expect.Equal(new() { Failed = 2, TimedOut = 1 }, (await scene.BatchAsync(batch)).Items);
        await scene.Store.RetryAsync(batch);
        Expect.Equal(new() { Queued = 2 }, (await scene.BatchAsync(batch)).Items);
    }

    private static async Task FinalizeOnce(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(2, finalize: Last));
        var jobs = await scene.ClaimAsync(node);
        await scene.CompleteAsync(node, jobs[0]);
        Expect.Empty(await FinalizersAsync(scene));
        Expect.Null((await scene.BatchAsync(batch)).FinalizeJob);
        await scene.CompleteAsync(node, jobs[1]);
        await scene.ApplyAsync(node, scene.Completed(jobs[1]));
        var finalizer = (await FinalizersAsync(scene)).Single();
        Expect.Equal(finalizer.Id, (await scene.BatchAsync(batch)).FinalizeJob);
        Expect.Equal(batch, finalizer.Parent);
        Expect.Equal("\"done\"", Text(finalizer.Payload));
    }

    private static async Task FinalizeAfterFailure(Scene scene)
    {
        var (node, _) = await StartAsync(scene, Batch(1, finalize: Last, failOnError: true));
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        Expect.Equal(1, (await FinalizersAsync(scene)).Count);
    }

    private static async Task FinalizeOfTwoLastItems(Scene scene)
    {
        var (node, _) = await StartAsync(scene, Batch(2, finalize: Last));
        var jobs = await scene.ClaimAsync(node);
        await scene.Store.ApplyAsync(node, [scene.Completed(jobs[0]), scene.Completed(jobs[1]), scene.Completed(jobs[1])]);
        Expect.Equal(1, (await FinalizersAsync(scene)).Count);
    }

    private static async Task RetryOpensGeneration(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(3, finalize: Last));
        var jobs = await scene.ClaimAsync(node);
        await scene.Store.ApplyAsync(node, [scene.Completed(jobs[0]), scene.Failed(jobs[1]), scene.Failed(jobs[2])]);
        Expect.Equal(2, await scene.Store.RetryAsync(batch));
        Expect.Equal(2, (await scene.BatchAsync(batch)).Generation);
        await scene.ExpectStatusAsync(batch, JobStatus.Processing);
        Expect.Null((await scene.GetAsync(batch)).EndedAt);
        var again = await scene.ClaimAsync(node);
        Expect.Sequence([1, 2], again.Select(j => j.Item ?? -1));
        await scene.CompleteAsync(node, again[0]);
        Expect.Equal(1, (await FinalizersAsync(scene)).Count);
        await scene.CompleteAsync(node, again[1]);
        var finalizers = await FinalizersAsync(scene);
        Expect.Equal(2, finalizers.Count);
        Expect.Equal(finalizers[1].Id, (await scene.BatchAsync(batch)).FinalizeJob);
        Expect.Equal(0, await scene.Store.RetryAsync(batch));
        Expect.Equal(2, (await scene.BatchAsync(batch)).Generation);
    }

    private static async Task RetryOneItem(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(2, finalize: Last));
        var jobs = await scene.ClaimAsync(node);
        await scene.Store.ApplyAsync(node, [scene.Failed(jobs[0]), scene.Failed(jobs[1])]);
        Expect.Equal(1, await scene.Store.RetryAsync(jobs[0].Key.Job));
        Expect.Equal(new() { Queued = 1, Failed = 1 }, (await scene.BatchAsync(batch)).Items);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        await scene.ExpectStatusAsync(batch, JobStatus.Completed);
        Expect.Equal(2, (await FinalizersAsync(scene)).Count);
    }

    private static async Task MaxParallel(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(7, maxParallel: 3));
        var other = await scene.JoinAsync();
        var running = new Queue<(NodeId Node, ClaimedJob Job)>();
        for (var ended = 0; ended < 7; ended++)
        {
            foreach (var asks in (NodeId[])[node, other])
            {
                (await scene.ClaimAsync(asks, 2)).ToList().ForEach(j => running.Enqueue((asks, j)));
            }
            Expect.Equal(Math.Min(3, 7 - ended), running.Count, "the number of items processing");
            var (holder, job) = running.Dequeue();
            await scene.CompleteAsync(holder, job);
        }
        await scene.ExpectStatusAsync(batch, JobStatus.Completed);
    }

    private static async Task MaxParallelOne(Scene scene)
    {
        var (node, _) = await StartAsync(scene, Batch(4, maxParallel: 1));
        for (var i = 0; i < 4; i++)
        {
            var jobs = await scene.ClaimAsync(node);
            Expect.Sequence([i], jobs.Select(j => j.Item ?? -1));
            await scene.CompleteAsync(node, jobs[0]);
        }
    }

    private static async Task ParkedIsQueued(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(2, maxParallel: 1));
        await scene.ClaimOneAsync(node);
        var parked = (await scene.ItemsAsync(batch))[1];
        Expect.Equal(JobStatus.Queued, parked.Status);
        Expect.Equal(Diagnostics.WaitCause.Slot, parked.Reason?.Cause);
        Expect.Equal(false, (await scene.AskAsync(node)).More);
    }

    private static async Task PlaceFreedByRetry(Scene scene)
    {
        var (node, _) = await StartAsync(scene, Batch(3, maxParallel: 1));
        await scene.DoneAsync(node, scene.Retried(await scene.ClaimOneAsync(node), 5));
        var second = await scene.ClaimOneAsync(node);
        Expect.Equal(1, second.Item);
        scene.Wait(5);
        Expect.Empty(await scene.ClaimAsync(node));
        await scene.CompleteAsync(node, second);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task PlaceFreedByCancel(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(3, maxParallel: 1));
        await scene.Store.CancelAsync((await scene.ItemsAsync(batch))[0].Id);
        var second = await scene.ClaimOneAsync(node);
        Expect.Equal(1, second.Item);
        await scene.Store.CancelAsync(second.Key.Job);
        Expect.Empty(await scene.ClaimAsync(node));
        await scene.DoneAsync(node, JobTransition.Cancelled(scene.Times(second)));
        Expect.Equal(2, (await scene.ClaimOneAsync(node)).Item);
    }

    private static async Task PlaceSurvivesDeath(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var dead = await scene.JoinAsync(doomed);
        var (alive, _) = await StartAsync(scene, Batch(6, maxParallel: 2));
        Expect.Equal(2, (await scene.ClaimAsync(dead, store: doomed)).Count);
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal(2, (await scene.ClaimAsync(alive)).Count);
        Expect.Empty(await scene.ClaimAsync(alive));
    }

    private static async Task Cancel(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(4));
        var jobs = await scene.ClaimAsync(node, 2);
        await scene.CompleteAsync(node, jobs[0]);
        Expect.Equal(new CancelResult(2, 1), await scene.Store.CancelAsync(batch));
        Expect.Sequence([jobs[1].Key], (await scene.Store.HeartbeatAsync(node)).Cancel);
        Expect.Equal(true, (await scene.GetAsync(batch)).CancelRequested);
        await scene.ExpectStatusAsync(batch, JobStatus.Processing);
        await scene.DoneAsync(node, JobTransition.Cancelled(scene.Times(jobs[1])));
        await scene.ExpectStatusAsync(batch, JobStatus.Cancelled);
        Expect.Equal(new() { Completed = 1, Cancelled = 3 }, (await scene.BatchAsync(batch)).Items);
        Expect.Equal(new CancelResult(0, 0), await scene.Store.CancelAsync(batch));
    }

    private static async Task CancelFinalizes(Scene scene)
    {
        var (_, batch) = await StartAsync(scene, Batch(3, maxParallel: 1, finalize: Last));
        Expect.Equal(new CancelResult(3, 0), await scene.Store.CancelAsync(batch));
        await scene.ExpectStatusAsync(batch, JobStatus.Cancelled);
        Expect.Equal(1, (await FinalizersAsync(scene)).Count);
    }

    private static async Task ResultsPerItem(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(3));
        foreach (var job in await scene.ClaimAsync(node))
        {
            await scene.DoneAsync(node, scene.Completed(job, $"{job.Item * 10}"));
        }
        Expect.Sequence(["0", "10", "20"], (await scene.ItemsAsync(batch)).Select(i => Text(i.Result)));
    }

    private static async Task JobsWaitForBatch(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(1));
        var after = await scene.EnqueueAsync(Job() with { After = [batch] });
        await scene.ExpectStatusAsync(after, JobStatus.Blocked);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        await scene.ExpectStatusAsync(after, JobStatus.Queued);
    }

    private static async Task KeepsMemo(Scene scene)
    {
        var batch = await scene.Store.EnqueueBatchAsync(Batch(1, maxParallel: 4, name: "n") with { Memo = Utf8("""{"m":1}""") });
        var state = await scene.BatchAsync(batch);
        Expect.Equal("""{"m":1}""", Text(state.Memo));
        Expect.Equal("n", state.Name);
        Expect.Equal(4, state.MaxParallel);
        Expect.Equal(1, state.Generation);
    }

    private static async Task Large(Scene scene)
    {
        var (node, batch) = await StartAsync(scene, Batch(10_000, finalize: Last));
        Expect.Equal(10_000L, (await scene.BatchAsync(batch)).Items.Queued);
        var ended = 0;
        while (await scene.ClaimAsync(node, 1000) is { Count: > 0 } jobs)
        {
            await scene.Store.ApplyAsync(node, [.. jobs.Select(j => scene.Completed(j))]);
            ended += jobs.Count;
            var items = (await scene.BatchAsync(batch)).Items;
            Expect.Equal((10_000L, (long)ended), (items.Total, items.Completed));
        }
        Expect.Equal(1, (await FinalizersAsync(scene)).Count);
    }
}
