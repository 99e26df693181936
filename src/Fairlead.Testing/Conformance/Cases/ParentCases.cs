using Fairlead.Limits;
using Fairlead.Policies;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Jobs that became parents and end with their children.</summary>
internal static class ParentCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Parent.WaitsForChildren", "A parent is processing, on no node, until the last of its children has ended; then it is completed.", WaitsForChildren),
        new("Parent.Children", "Its children are a batch that names it as its parent, and it names the batch.", Children),
        new("Parent.Result", "Its result is what became of its children, and its next step gets it.", Result),
        new("Parent.FailsWithBatch", "It fails when its children's batch fails, and its next step does not follow.", FailsWithBatch),
        new("Parent.WithoutChildren", "Without children it completes at once, and what it enqueued appears.", WithoutChildren),
        new("Parent.LeavesOutHeld", "Children whose unique key is held, or doubled, are left out and counted, asked for or not; with none left it completes at once.", LeavesOutHeld),
        new("Parent.LeaveOutHeldOfBatch", "An ordinary batch may leave out items whose unique key is held; with none left it is refused.", LeaveOutHeldOfBatch),
        new("Parent.InVain", "Children that wait in vain end at once, and the parent with them.", InVain),
        new("Parent.AnswerLost", "The same branching again is answered as applied already, before and after its end; another end of that attempt is stale.", AnswerLost),
        new("Parent.StaleBranching", "A stale branching is refused, and no child appears.", StaleBranching),
        new("Parent.CancelledBefore", "Of a job that was cancelled while it ran no children appear: it ends cancelled.", CancelledBefore),
        new("Parent.Cancel", "Cancelling it cancels its children, and it ends cancelled when they have.", Cancel),
        new("Parent.CancelWaiting", "When all its children wait, cancelling it ends it at once.", CancelWaiting),
        new("Parent.CancelChildren", "Cancelling its children's batch ends it cancelled.", CancelChildren),
        new("Parent.OutlivesItsNode", "Its node's leaving, death or reconciliation changes nothing.", OutlivesItsNode),
        new("Parent.NeverExpires", "It is not expired while it waits for its children.", NeverExpires),
        new("Parent.KeepsQueuePlace", "It keeps its place in its queue's max_concurrent.", KeepsQueuePlace),
        new("Parent.KeepsBatchPlace", "As an item of a batch it keeps its place in MaxParallel.", KeepsBatchPlace),
        new("Parent.KeepsGroupPlace", "It keeps its group's place, and its time is the group's until its end.", KeepsGroupPlace),
        new("Parent.KeepsPermit", "It keeps its permits of numbers at once.", KeepsPermit),
        new("Parent.KeepsPermitOfCall", "It keeps those that its attempt's calls acquired, whatever becomes of its node.", KeepsPermitOfCall),
        new("Parent.KeepsUniqueKey", "It keeps its unique key, and frees it with its end.", KeepsUniqueKey),
        new("Parent.KeepsKeys", "Keys that its attempt claimed are held until its end, which keeps them; a failed end frees them.", KeepsKeys),
        new("Parent.BreakerHears", "The breaker of its group hears of its end.", BreakerHears),
        new("Parent.Attempt", "Its attempt names the node that ran it, lasts until its children have ended, and is one.", Attempt),
        new("Parent.Retry", "A failed parent that is retried runs anew and gets new children.", Retry),
        new("Parent.RetriedChild", "A child that is retried while its siblings run is waited for; after the parent's end it changes the parent no more.", RetriedChild),
        new("Parent.Nested", "A child may be a parent itself; the outermost ends last.", Nested),
        new("Parent.CancelNested", "Cancelling the outermost cancels what is under it, however deep.", CancelNested),
        new("Parent.Deep", "A thousand parents in one another end with the innermost child.", Deep),
        new("Parent.Dependents", "What waits for a parent waits for its children.", Dependents),
        new("Parent.Finalize", "The children's finalize job is enqueued with their end, and the parent does not wait for it.", Finalize),
        new("Parent.Signals", "Listeners hear of the children's work, and of the parent's end.", Signals),
    ];

    private static NewBatch Kids(int count, bool failOnError = false, int? maxParallel = null) => KidsOf([.. Enumerable.Range(0, count).Select(static _ => Job("kids"))]) with
    {
        FailOnError = failOnError, MaxParallel = maxParallel,
    };

    private static NewBatch KidsOf(params NewJob[] items) => new() { Queue = "kids", Items = items };

    private static JobTransition Branched(Scene scene, ClaimedJob job, NewBatch children, params NewJob[] enqueue) => JobTransition.Branched(scene.Times(job), children, enqueue);

    private static ValueTask<NodeId> JoinAsync(Scene scene, QueueDefinition? definition = null, params NamedLimit[] limits) =>
        scene.JoinAsync(Flow([definition ?? new() { Name = Queue }, new() { Name = "kids" }], limits));

    private static async ValueTask<IReadOnlyList<ClaimedJob>> ClaimKidsAsync(Scene scene, NodeId node, int slots = 100) =>
        (await scene.Store.ClaimAsync(scene.Request(node, slots, queue: "kids"))).Jobs;

    private static async ValueTask EndKidsAsync(Scene scene, NodeId node)
    {
        foreach (var kid in await ClaimKidsAsync(scene, node))
        {
            await scene.CompleteAsync(node, kid);
        }
    }

    /// <summary>A job that has become the parent of so many children.</summary>
    private static async Task<(NodeId Node, ClaimedJob Parent)> BranchAsync(Scene scene, NewBatch children, NewJob? job = null, QueueDefinition? definition = null, params NamedLimit[] limits)
    {
        var node = await JoinAsync(scene, definition, limits);
        await scene.EnqueueAsync(job);
        var parent = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, Branched(scene, parent, children));
        return (node, parent);
    }

    private static async Task<ChildrenResult> ResultAsync(Scene scene, JobId parent) =>
        Expect.NotNull(ChildrenResult.Read((await scene.GetAsync(parent)).Result.Span), "the result of a parent");

    private static async ValueTask<JobId> BatchOfAsync(Scene scene, JobId parent) =>
        (await scene.GetAsync(parent)).Children ?? throw new ConformanceFailure($"Expected job {parent} to name its children; it names none.");

    private static async Task WaitsForChildren(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(2));
        var info = (await scene.Store.ListNodesAsync()).Single();
        Expect.Equal(0, info.Running);
        var job = await scene.GetAsync(parent.Key.Job);
        Expect.Equal((JobStatus.Processing, 1, parent.Key.Fence), (job.Status, job.Attempt, job.Fence));
        Expect.Null(job.EndedAt);
        var kids = await ClaimKidsAsync(scene, node);
        await scene.CompleteAsync(node, kids[0]);
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Processing);
        Expect.Equal(1L, (await scene.TallyAsync()).Processing);
        scene.Wait(5);
        await scene.CompleteAsync(node, kids[1]);
        job = await scene.GetAsync(parent.Key.Job);
        Expect.Equal((JobStatus.Completed, 1, AttemptOutcome.Completed, scene.Clock.Now), (job.Status, job.Attempt, job.LastOutcome, job.EndedAt));
        var tally = await scene.TallyAsync();
        Expect.Equal((0L, 1L, 1L), (tally.Processing, tally.Completed, tally.Total));
    }

    private static async Task Children(Scene scene)
    {
        var (_, parent) = await BranchAsync(scene, Kids(3) with { Name = "those", Memo = Utf8("[1]") });
        var batch = await BatchOfAsync(scene, parent.Key.Job);
        var header = await scene.GetAsync(batch);
        Expect.Equal((parent.Key.Job, "kids", JobStatus.Queued), (header.Parent, header.Queue, header.Status));
        Expect.Equal((3L, "those", "[1]"), (header.BatchState!.Items.Queued, header.BatchState.Name, Text(header.BatchState.Memo)));
        Expect.Equal(batch, await scene.Store.FindBatchAsync("those"));
        Expect.Sequence([batch, batch, batch], (await scene.ItemsAsync(batch)).Select(item => item.Parent ?? default));
    }

    private static async Task Result(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(3), Job() with { Then = new("later", new("report")) });
        var kids = await ClaimKidsAsync(scene, node);
        await scene.CompleteAsync(node, kids[0]);
        await scene.DoneAsync(node, scene.Failed(kids[1]));
        Expect.Empty((await scene.Store.ListJobsAsync(new() { Queue = "later" })).Jobs);
        await scene.CompleteAsync(node, kids[2]);
        var batch = await BatchOfAsync(scene, parent.Key.Job);
        Expect.Equal(new ChildrenResult(batch.Value, 3, 2, 1, 0, 0), await ResultAsync(scene, parent.Key.Job));
        var next = (await scene.Store.ListJobsAsync(new() { Queue = "later" })).Jobs.Single();
        Expect.Equal((parent.Key.Job, Text((await scene.GetAsync(parent.Key.Job)).Result)), (next.Parent, Text(next.Payload)));
    }

    private static async Task FailsWithBatch(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(2, failOnError: true), Job() with { Then = new("later", new("report")) });
        var kids = await ClaimKidsAsync(scene, node);
        await scene.DoneAsync(node, scene.Failed(kids[0]));
        await scene.CompleteAsync(node, kids[1]);
        var job = await scene.GetAsync(parent.Key.Job);
        Expect.Equal((JobStatus.Failed, AttemptOutcome.Completed), (job.Status, job.LastOutcome));
        Expect.True(job.Error is not null, "a failed parent to say why");
        Expect.Equal((1L, 1L), ((await ResultAsync(scene, job.Id)).Completed, (await ResultAsync(scene, job.Id)).Failed));
        Expect.Empty((await scene.Store.ListJobsAsync(new() { Queue = "later" })).Jobs);
    }

    private static async Task WithoutChildren(Scene scene)
    {
        var node = await JoinAsync(scene);
        var id = await scene.EnqueueAsync();
        await scene.DoneAsync(node, Branched(scene, await scene.ClaimOneAsync(node), Kids(0), Job("else")));
        var job = await scene.GetAsync(id);
        Expect.Equal(JobStatus.Completed, job.Status);
        Expect.Null(job.Children);
        Expect.Equal(new ChildrenResult(null, 0, 0, 0, 0, 0), await ResultAsync(scene, id));
        Expect.Equal(1L, (await scene.TallyAsync("else")).Queued);
    }

    private static async Task LeavesOutHeld(Scene scene)
    {
        var node = await JoinAsync(scene);
        await scene.Store.EnqueueAsync([Job("kids", key: "taken"), Job(), Job()]);
        var (first, second) = (await scene.ClaimOneAsync(node), await scene.ClaimOneAsync(node));
        NewBatch Held(params string?[] keys) => KidsOf([.. keys.Select(static key => Job("kids", key: key))]) with { LeaveOutHeld = true };
        await scene.DoneAsync(node, Branched(scene, first, Held("taken", "free", "free", null)));
        Expect.Equal(2, (await scene.GetAsync(first.Key.Job)).ChildrenLeftOut);
        Expect.Sequence(["free", null], (await scene.ItemsAsync(await BatchOfAsync(scene, first.Key.Job))).Select(item => item.UniqueKey));
        await scene.DoneAsync(node, Branched(scene, second, Held("taken", "free") with { LeaveOutHeld = false }));
        await scene.ExpectStatusAsync(second.Key.Job, JobStatus.Completed);
        Expect.Equal(new ChildrenResult(null, 0, 0, 0, 0, 2), await ResultAsync(scene, second.Key.Job));
        await EndKidsAsync(scene, node);
        Expect.Equal((2L, 2), ((await ResultAsync(scene, first.Key.Job)).Total, (await ResultAsync(scene, first.Key.Job)).LeftOut));
    }

    private static async Task LeaveOutHeldOfBatch(Scene scene)
    {
        await scene.EnqueueAsync(Job(key: "taken"));
        var batch = await scene.Store.EnqueueBatchAsync(Batch(1) with { Items = [Job(key: "taken"), Job(key: "free"), Job()], LeaveOutHeld = true });
        Expect.Sequence([("free", 0), (null, 1)], (await scene.ItemsAsync(batch)).Select(item => (item.UniqueKey, item.Item ?? -1)));
        await Expect.ThrowsAsync<ArgumentException>(async () => await scene.Store.EnqueueBatchAsync(Batch(1) with { Items = [Job(key: "taken")], LeaveOutHeld = true }));
        Expect.Equal(3L, (await scene.TallyAsync()).Total);
    }

    private static async Task InVain(Scene scene)
    {
        var (_, parent) = await BranchAsync(scene, KidsOf(Job("kids") with { After = [new(4711)] }, Job("kids") with { After = [new(4711)] }));
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Completed);
        Expect.Equal((2L, 2L), ((await ResultAsync(scene, parent.Key.Job)).Total, (await ResultAsync(scene, parent.Key.Job)).Cancelled));
    }

    private static async Task AnswerLost(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(2));
        Expect.Equal(ApplyResult.AlreadyApplied, await scene.ApplyAsync(node, Branched(scene, parent, Kids(2))));
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, scene.Completed(parent)));
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, scene.Failed(parent)));
        Expect.Equal(2L, (await scene.TallyAsync("kids")).Total);
        await EndKidsAsync(scene, node);
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Completed);
        Expect.Equal(ApplyResult.AlreadyApplied, await scene.ApplyAsync(node, Branched(scene, parent, Kids(2))));
        Expect.Equal(2L, (await scene.TallyAsync("kids")).Total);
    }

    private static async Task StaleBranching(Scene scene)
    {
        var node = await JoinAsync(scene);
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        await scene.Store.ReconcileAsync(node, scene.NextSequence(node), []);
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, Branched(scene, job, Kids(2), Job("else"))));
        Expect.Equal(1, (await scene.AllAsync()).Count);
        await scene.ExpectStatusAsync(job.Key.Job, JobStatus.Queued);
    }

    private static async Task CancelledBefore(Scene scene)
    {
        var node = await JoinAsync(scene);
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        await scene.Store.CancelAsync(job.Key.Job);
        await scene.DoneAsync(node, Branched(scene, job, Kids(2)));
        await scene.ExpectStatusAsync(job.Key.Job, JobStatus.Cancelled);
        Expect.Equal(1, (await scene.AllAsync()).Count);
        Expect.Equal(ApplyResult.AlreadyApplied, await scene.ApplyAsync(node, Branched(scene, job, Kids(2))));
    }

    private static async Task Cancel(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(3));
        var kid = (await ClaimKidsAsync(scene, node, 1)).Single();
        Expect.Equal(new CancelResult(2, 2), await scene.Store.CancelAsync(parent.Key.Job));
        Expect.Equal((true, JobStatus.Processing), ((await scene.GetAsync(parent.Key.Job)).CancelRequested, await scene.StatusAsync(parent.Key.Job)));
        Expect.Sequence([kid.Key], (await scene.Store.HeartbeatAsync(node)).Cancel);
        await scene.DoneAsync(node, JobTransition.Cancelled(scene.Times(kid)));
        var job = await scene.GetAsync(parent.Key.Job);
        Expect.Equal((JobStatus.Cancelled, false), (job.Status, job.CancelRequested));
        Expect.Equal(JobStatus.Cancelled, await scene.StatusAsync(job.Children!.Value));
    }

    private static async Task CancelWaiting(Scene scene)
    {
        var (_, parent) = await BranchAsync(scene, Kids(3));
        Expect.Equal(new CancelResult(4, 0), await scene.Store.CancelAsync(parent.Key.Job));
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Cancelled);
        Expect.Equal(new CancelResult(0, 0), await scene.Store.CancelAsync(parent.Key.Job));
    }

    private static async Task CancelChildren(Scene scene)
    {
        var (_, parent) = await BranchAsync(scene, Kids(3));
        Expect.Equal(new CancelResult(4, 0), await scene.Store.CancelAsync(await BatchOfAsync(scene, parent.Key.Job)));
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Cancelled);
    }

    private static async Task OutlivesItsNode(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var doomed = await scene.JoinAsync(store: other);
        await scene.EnqueueManyAsync(2);
        var (first, second) = (await scene.ClaimOneAsync(doomed, store: other), await scene.ClaimOneAsync(doomed, store: other));
        await scene.DoneAsync(doomed, Branched(scene, first, Kids(1)));
        Expect.Equal(0, await scene.Store.ReconcileAsync(doomed, scene.NextSequence(doomed), [second.Key]));
        await scene.KillAsync(other);
        Expect.Equal(1, (await scene.Store.RescueAsync()).Requeued);
        var node = await JoinAsync(scene);
        await scene.DoneAsync(node, Branched(scene, await scene.ClaimOneAsync(node), Kids(1)));
        await scene.Store.LeaveAsync(node);
        var last = await JoinAsync(scene);
        foreach (var parent in new[] { first, second })
        {
            var job = await scene.GetAsync(parent.Key.Job);
            Expect.Equal((JobStatus.Processing, parent == first ? 0 : 1), (job.Status, job.NodesLost));
        }
        await EndKidsAsync(scene, last);
        await scene.ExpectStatusAsync(first.Key.Job, JobStatus.Completed);
        await scene.ExpectStatusAsync(second.Key.Job, JobStatus.Completed);
    }

    private static async Task NeverExpires(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(1), Job() with { Deadline = TimeSpan.FromSeconds(10) });
        scene.Wait(11);
        Expect.Equal(0, await scene.Store.ExpireAsync());
        await EndKidsAsync(scene, node);
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Completed);
    }

    private static async Task KeepsQueuePlace(Scene scene)
    {
        var (node, _) = await BranchAsync(scene, Kids(1), definition: new() { Name = Queue, MaxConcurrent = 2 });
        await scene.EnqueueManyAsync(3);
        await scene.ClaimOneAsync(node);
        Expect.Empty(await scene.ClaimAsync(node));
        await EndKidsAsync(scene, node);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task KeepsBatchPlace(Scene scene)
    {
        var node = await JoinAsync(scene);
        var batch = await scene.Store.EnqueueBatchAsync(Batch(2, maxParallel: 1));
        var first = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, Branched(scene, first, Kids(1)));
        Expect.Empty(await scene.ClaimAsync(node));
        var items = (await scene.BatchAsync(batch)).Items;
        Expect.Equal((1L, 1L), (items.Processing, items.Queued));
        await EndKidsAsync(scene, node);
        var second = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, Branched(scene, second, Kids(1)));
        await EndKidsAsync(scene, node);
        Expect.Equal((JobStatus.Completed, 2L), (await scene.StatusAsync(batch), (await scene.BatchAsync(batch)).Items.Completed));
    }

    private static async Task KeepsGroupPlace(Scene scene)
    {
        var (node, _) = await BranchAsync(scene, Kids(1), Job(group: "a"), new() { Name = Queue, GroupConcurrency = 1 });
        await scene.EnqueueAsync(1, "a");
        scene.Wait(20);
        Expect.Empty(await scene.ClaimAsync(node));
        Expect.Equal((1, 0d), ((await scene.GroupAsync("a")).InFlight, (await scene.GroupAsync("a")).ServedSeconds));
        await EndKidsAsync(scene, node);
        Expect.Equal((0, 20d), ((await scene.GroupAsync("a")).InFlight, (await scene.GroupAsync("a")).ServedSeconds));
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task KeepsPermit(Scene scene)
    {
        var (node, _) = await BranchAsync(scene, Kids(1), definition: Using("browser"), limits: Named("browser", Limit.Concurrent(1)));
        await scene.EnqueueAsync();
        Expect.Empty(await scene.ClaimAsync(node));
        await EndKidsAsync(scene, node);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task KeepsPermitOfCall(Scene scene)
    {
        var node = await JoinAsync(scene, limits: Named("browser", Limit.Concurrent(3)));
        await scene.EnqueueAsync();
        var parent = await scene.ClaimOneAsync(node);
        await scene.AcquireAsync("browser", 2, node: node, attempt: parent.Key);
        await scene.DoneAsync(node, Branched(scene, parent, Kids(1)));
        Expect.Equal(2L, (await scene.LimitAsync("browser")).InUse);
        await scene.Store.LeaveAsync(node);
        Expect.Equal(2L, (await scene.LimitAsync("browser")).InUse);
        await EndKidsAsync(scene, await JoinAsync(scene, limits: Named("browser", Limit.Concurrent(3))));
        Expect.Equal(0L, (await scene.LimitAsync("browser")).InUse);
    }

    private static async Task KeepsUniqueKey(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(1), Job(key: "one"));
        Expect.Equal(new EnqueuedJob(parent.Key.Job, true), (await scene.Store.EnqueueAsync([Job(key: "one")]))[0]);
        await EndKidsAsync(scene, node);
        Expect.Equal(false, (await scene.Store.EnqueueAsync([Job(key: "one")]))[0].Existing);
    }

    private static async Task KeepsKeys(Scene scene)
    {
        var node = await JoinAsync(scene);
        await scene.EnqueueManyAsync(2);
        var (first, second) = (await scene.ClaimOneAsync(node), await scene.ClaimOneAsync(node));
        KeyClaim Claim(AttemptKey? attempt, params string[] keys) => new() { Scope = "seen", Keys = keys, Attempt = attempt };
        await scene.Store.ClaimKeysAsync(Claim(first.Key, "a"));
        await scene.Store.ClaimKeysAsync(Claim(second.Key, "b"));
        await scene.DoneAsync(node, Branched(scene, first, Kids(1)));
        await scene.DoneAsync(node, Branched(scene, second, Kids(1, failOnError: true)));
        Expect.Sequence([KeyAnswer.Held, KeyAnswer.Held], await scene.Store.ClaimKeysAsync(Claim(null, "a", "b")));
        var kids = await ClaimKidsAsync(scene, node);
        await scene.CompleteAsync(node, kids[0]);
        await scene.DoneAsync(node, scene.Failed(kids[1]));
        Expect.Sequence([KeyAnswer.Seen, KeyAnswer.New], await scene.Store.ClaimKeysAsync(Claim(null, "a", "b")));
    }

    private static async Task BreakerHears(Scene scene)
    {
        var (node, _) = await BranchAsync(scene, Kids(1, failOnError: true), Job(group: "a"), new() { Name = Queue, Breaker = new BreakerPolicy { Failures = 2 } });
        Expect.Null(await scene.BreakerAsync("q/a"));
        await scene.DoneAsync(node, scene.Failed((await ClaimKidsAsync(scene, node)).Single()));
        Expect.Equal(1, (await scene.BreakerAsync("q/a"))?.Failures);
        await scene.EnqueueAsync(1, "a");
        await scene.DoneAsync(node, Branched(scene, await scene.ClaimOneAsync(node), Kids(1)));
        await EndKidsAsync(scene, node);
        Expect.Null(await scene.BreakerAsync("q/a"));
    }

    private static async Task Attempt(Scene scene)
    {
        var node = await JoinAsync(scene);
        await scene.EnqueueAsync();
        var parent = await scene.ClaimOneAsync(node);
        scene.Wait(3);
        await scene.DoneAsync(node, JobTransition.Branched(new(parent.Key, scene.Clock.Now.AddSeconds(-2), scene.Clock.Now), Kids(1), []));
        scene.Wait(4);
        var running = (await scene.Store.GetTimelinesAsync(parent.Key.Job)).Single().Attempts.Single();
        Expect.Equal((node, 1d, null, null), (running.Node, scene.Since(running.StartedAt), running.EndedAt, running.Outcome));
        await EndKidsAsync(scene, node);
        var ended = (await scene.Store.GetTimelinesAsync(parent.Key.Job)).Single().Attempts.Single();
        Expect.Equal((node, 1d, 7d, AttemptOutcome.Completed), (ended.Node, scene.Since(ended.StartedAt), scene.Since(ended.EndedAt), ended.Outcome));
        Expect.Equal(1d, scene.Since((await scene.GetAsync(parent.Key.Job)).StartedAt));
    }

    private static async Task Retry(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(1, failOnError: true));
        await scene.DoneAsync(node, scene.Failed((await ClaimKidsAsync(scene, node)).Single()));
        var before = await BatchOfAsync(scene, parent.Key.Job);
        Expect.Equal(1, await scene.Store.RetryAsync(parent.Key.Job));
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Queued);
        var again = await scene.ClaimOneAsync(node);
        Expect.Equal((parent.Key.Job, 1), (again.Key.Job, again.Attempt));
        await scene.DoneAsync(node, Branched(scene, again, Kids(2)));
        Expect.True(await BatchOfAsync(scene, parent.Key.Job) != before, "new children");
        await EndKidsAsync(scene, node);
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Completed);
        Expect.Equal(2L, (await ResultAsync(scene, parent.Key.Job)).Completed);
    }

    private static async Task RetriedChild(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(2, failOnError: true));
        var kids = await ClaimKidsAsync(scene, node);
        await scene.DoneAsync(node, scene.Failed(kids[0]));
        Expect.Equal(1, await scene.Store.RetryAsync(kids[0].Key.Job));
        await scene.CompleteAsync(node, kids[1]);
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Processing);
        await scene.DoneAsync(node, scene.Failed((await ClaimKidsAsync(scene, node)).Single()));
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Failed);
        Expect.Equal(1, await scene.Store.RetryAsync(kids[0].Key.Job));
        await EndKidsAsync(scene, node);
        Expect.Equal((JobStatus.Failed, JobStatus.Completed), (await scene.StatusAsync(parent.Key.Job), await scene.StatusAsync(await BatchOfAsync(scene, parent.Key.Job))));
    }

    private static async Task Nested(Scene scene)
    {
        var (node, outer) = await BranchAsync(scene, Kids(2));
        var kids = await ClaimKidsAsync(scene, node);
        await scene.CompleteAsync(node, kids[0]);
        await scene.DoneAsync(node, Branched(scene, kids[1], Kids(1)));
        await scene.ExpectStatusAsync(outer.Key.Job, JobStatus.Processing);
        await EndKidsAsync(scene, node);
        await scene.ExpectStatusAsync(kids[1].Key.Job, JobStatus.Completed);
        await scene.ExpectStatusAsync(outer.Key.Job, JobStatus.Completed);
        Expect.Equal((3L, 3L), ((await scene.TallyAsync("kids")).Total, (await scene.TallyAsync("kids")).Completed));
    }

    private static async Task CancelNested(Scene scene)
    {
        var (node, outer) = await BranchAsync(scene, Kids(2));
        var kid = (await ClaimKidsAsync(scene, node, 1)).Single();
        await scene.DoneAsync(node, Branched(scene, kid, Kids(3)));
        Expect.Equal(new CancelResult(6, 0), await scene.Store.CancelAsync(outer.Key.Job));
        await scene.ExpectStatusAsync(kid.Key.Job, JobStatus.Cancelled);
        await scene.ExpectStatusAsync(outer.Key.Job, JobStatus.Cancelled);
        Expect.Equal(5L, (await scene.TallyAsync("kids")).Cancelled);
    }

    private static async Task Deep(Scene scene)
    {
        var (node, outer) = await BranchAsync(scene, Kids(1));
        for (var depth = 1; depth < 1000; depth++)
        {
            await scene.DoneAsync(node, Branched(scene, (await ClaimKidsAsync(scene, node)).Single(), Kids(1)));
        }
        await EndKidsAsync(scene, node);
        await scene.ExpectStatusAsync(outer.Key.Job, JobStatus.Completed);
        Expect.Equal(1000L, (await scene.TallyAsync("kids")).Completed);
    }

    private static async Task Dependents(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(1));
        var waiting = await scene.EnqueueAsync(Job() with { After = [parent.Key.Job] });
        await scene.ExpectStatusAsync(waiting, JobStatus.Blocked);
        await EndKidsAsync(scene, node);
        await scene.ExpectStatusAsync(waiting, JobStatus.Queued);
    }

    private static async Task Finalize(Scene scene)
    {
        var (node, parent) = await BranchAsync(scene, Kids(2) with { Finalize = Job("last") });
        await EndKidsAsync(scene, node);
        await scene.ExpectStatusAsync(parent.Key.Job, JobStatus.Completed);
        var last = (await scene.Store.ListJobsAsync(new() { Queue = "last" })).Jobs.Single();
        Expect.Equal((JobStatus.Queued, (await scene.BatchAsync(await BatchOfAsync(scene, parent.Key.Job))).FinalizeJob), (last.Status, last.Id));
    }

    private static async Task Signals(Scene scene)
    {
        var node = await JoinAsync(scene);
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        await scene.HearAsync(StoreSignals.Work, async () => await scene.DoneAsync(node, Branched(scene, job, Kids(1))));
        await scene.HearAsync(StoreSignals.Ended, async () => await EndKidsAsync(scene, node));
    }
}
