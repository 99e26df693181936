using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class ClaimCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Claim.GivesEverythingNeeded", "A claimed job comes with everything needed to run it.", GivesEverythingNeeded),
        new("Claim.OrderOfEnqueueing", "Within a queue: the order of enqueueing.", OrderOfEnqueueing),
        new("Claim.HigherPriorityFirst", "Within a queue: higher priority first.", HigherPriorityFirst),
        new("Claim.PriorityOverKinds", "Priority counts over all kinds of a queue.", PriorityOverKinds),
        new("Claim.QueuesInOrderAsked", "Queues are served in the order of the request.", QueuesInOrderAsked),
        new("Claim.NoMoreThanSlots", "At most as many jobs as slots, over all queues.", NoMoreThanSlots),
        new("Claim.NoMoreThanSlotsOfQueue", "At most as many jobs of a queue as its slots in the request.", NoMoreThanSlotsOfQueue),
        new("Claim.NothingTwice", "What was given is not given again.", NothingTwice),
        new("Claim.OnlyKnownKinds", "Only kinds and versions the node knows.", OnlyKnownKinds),
        new("Claim.OnlyAskedQueues", "Only queues of the request.", OnlyAskedQueues),
        new("Claim.NotBeforeDue", "A scheduled job is not given before its time, and is given then.", NotBeforeDue),
        new("Claim.ReadySinceDue", "A job that came due is ready since it came due, not since somebody looked.", ReadySinceDue),
        new("Claim.SaysNextDue", "The answer says when the next scheduled job comes due.", SaysNextDue),
        new("Claim.SaysMore", "The answer says when runnable work was left because slots ran out.", SaysMore),
        new("Claim.MaxConcurrent", "max_concurrent is never exceeded in the cluster.", MaxConcurrent),
        new("Claim.MaxConcurrentFreed", "A slot of the queue is free again when an attempt ends.", MaxConcurrentFreed),
        new("Claim.FullQueueIsMore", "Work left by a queue at its max_concurrent is reason to claim again when one of its slots is free.", FullQueueIsMore),
        new("Claim.NoSlotsNoJobs", "A full node that asks with no slots gets nothing, and hears that work was left.", NoSlotsNoJobs),
        new("Claim.RaisesFence", "Each claim raises the job's fence.", RaisesFence),
        new("Claim.UnknownNodeGetsNothing", "A node without a lease gets nothing.", UnknownNodeGetsNothing),
        new("Claim.LeftNodeGetsNothing", "A node that left gets nothing.", LeftNodeGetsNothing),
        new("Claim.BecomesProcessing", "A claimed job is processing, with its attempt counted.", BecomesProcessing),
        new("Claim.TwoNodesShare", "Two nodes never hold the same job.", TwoNodesShare),
        new("Claim.ManyInOrder", "A thousand jobs of random priorities come in exactly the promised order.", ManyInOrder),
    ];

    private static async Task GivesEverythingNeeded(Scene scene)
    {
        var node = await scene.JoinAsync();
        var parent = await scene.EnqueueAsync(Job(queue: "elsewhere"));
        var id = await scene.EnqueueAsync(Job(priority: 5, payload: """{"a":1}""") with
        {
            Group = "g", Parent = parent, Timeout = TimeSpan.FromSeconds(9), Retries = 2,
            Then = new("next", new("then", 2)), Deadline = TimeSpan.FromHours(1), TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        });
        scene.Wait(1);
        var job = await scene.ClaimOneAsync(node);
        Expect.Equal(id, job.Key.Job);
        Expect.Equal(Scene.Queue, job.Queue);
        Expect.Equal(Kind, job.Kind);
        Expect.Equal("""{"a":1}""", Text(job.Payload));
        Expect.Equal(1, job.Attempt);
        Expect.Equal(5, job.Priority);
        Expect.Equal("g", job.Group);
        Expect.Equal(parent, job.Parent);
        Expect.Equal(TimeSpan.FromSeconds(9), job.Timeout);
        Expect.Equal(2, job.Retries);
        Expect.Equal(new NextStep("next", new("then", 2)), job.Then);
        Expect.Equal(scene.Clock.Now.AddSeconds(-1).AddHours(1), job.Deadline);
        Expect.Equal(scene.Clock.Now.AddSeconds(-1), job.ReadyAt);
        Expect.Equal(false, job.Solo);
        Expect.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", job.TraceParent);
        Expect.Null(job.Batch);
        Expect.Null(job.Item);
    }

    private static async Task OrderOfEnqueueing(Scene scene)
    {
        var node = await scene.JoinAsync();
        var ids = await scene.EnqueueManyAsync(5);
        var jobs = await scene.ClaimAsync(node, 3);
        Expect.Sequence(ids.Take(3), jobs.Select(j => j.Key.Job));
    }

    private static async Task HigherPriorityFirst(Scene scene)
    {
        var node = await scene.JoinAsync();
        var low = await scene.EnqueueAsync(Job(priority: -1));
        var normal = await scene.EnqueueAsync();
        var high = await scene.EnqueueAsync(Job(priority: 1000));
        Expect.Sequence([high, normal, low], (await scene.ClaimAsync(node)).Select(j => j.Key.Job));
    }

    private static async Task PriorityOverKinds(Scene scene)
    {
        JobKind[] kinds = [new("a"), new("b")];
        var node = await scene.JoinAsync(Registration(null, kinds));
        var first = await scene.EnqueueAsync(Job(kind: "a"));
        var second = await scene.EnqueueAsync(Job(kind: "b", priority: 1));
        var third = await scene.EnqueueAsync(Job(kind: "b"));
        var answer = await scene.Store.ClaimAsync(scene.Request(node, kinds: kinds));
        Expect.Sequence([second, first, third], answer.Jobs.Select(j => j.Key.Job));
    }

    private static ClaimRequest TwoQueues(Scene scene, NodeId node, int slots, int ofFirst) => scene.Request(node, slots) with
    {
        Queues = [new("b", [Kind], ofFirst), new("a", [Kind], slots)],
    };

    private static async Task QueuesInOrderAsked(Scene scene)
    {
        var node = await scene.JoinAsync();
        var a = await scene.EnqueueAsync(Job(queue: "a", priority: 9));
        var b = await scene.EnqueueAsync(Job(queue: "b"));
        var answer = await scene.Store.ClaimAsync(TwoQueues(scene, node, 10, 10));
        Expect.Sequence([b, a], answer.Jobs.Select(j => j.Key.Job));
    }

    private static async Task NoMoreThanSlots(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.Store.EnqueueAsync([Job("a"), Job("a"), Job("b"), Job("b")]);
        var answer = await scene.Store.ClaimAsync(TwoQueues(scene, node, 3, 3));
        Expect.Sequence(["b", "b", "a"], answer.Jobs.Select(j => j.Queue));
    }

    private static async Task NoMoreThanSlotsOfQueue(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.Store.EnqueueAsync([Job("a"), Job("a"), Job("b"), Job("b")]);
        var answer = await scene.Store.ClaimAsync(TwoQueues(scene, node, 4, 1));
        Expect.Sequence(["b", "a", "a"], answer.Jobs.Select(j => j.Queue));
        Expect.Equal(true, answer.More);
    }

    private static async Task NothingTwice(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(3);
        Expect.Equal(3, (await scene.ClaimAsync(node)).Count);
        Expect.Empty(await scene.ClaimAsync(node));
    }

    private static async Task OnlyKnownKinds(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(Job(kind: "other", priority: 10));
        await scene.EnqueueAsync(Job() with { Kind = new("work", 2) });
        var mine = await scene.EnqueueAsync();
        var answer = await scene.AskAsync(node);
        Expect.Sequence([mine], answer.Jobs.Select(j => j.Key.Job));
        Expect.Equal(false, answer.More);
    }

    private static async Task OnlyAskedQueues(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(Job(queue: "other"));
        Expect.Empty(await scene.ClaimAsync(node));
    }

    private static async Task NotBeforeDue(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync(Job(delay: 5));
        scene.Wait(4.999);
        Expect.Empty(await scene.ClaimAsync(node));
        await scene.ExpectStatusAsync(id, JobStatus.Scheduled);
        scene.Wait(0.001);
        Expect.Equal(id, (await scene.ClaimOneAsync(node)).Key.Job);
    }

    private static async Task ReadySinceDue(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(Job(delay: 2));
        scene.Wait(5);
        Expect.Equal(scene.Clock.Now.AddSeconds(-3), (await scene.ClaimOneAsync(node)).ReadyAt);
    }

    private static async Task SaysNextDue(Scene scene)
    {
        var node = await scene.JoinAsync();
        Expect.Null((await scene.AskAsync(node)).NextDue);
        await scene.EnqueueAsync(Job(delay: 50));
        await scene.EnqueueAsync(Job(delay: 20));
        await scene.EnqueueAsync(Job(queue: "other", delay: 1));
        var answer = await scene.AskAsync(node);
        Expect.Equal(scene.Clock.Now.AddSeconds(20), answer.NextDue);
        Expect.Equal(scene.Clock.Now, answer.Now);
    }

    private static async Task SaysMore(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(3);
        Expect.Equal(true, (await scene.AskAsync(node, 2)).More);
        Expect.Equal(false, (await scene.AskAsync(node, 1)).More);
    }

    private static async Task MaxConcurrent(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var first = await scene.JoinAsync(maxConcurrent: 3);
        var second = await scene.JoinAsync(other, maxConcurrent: 3);
        await scene.EnqueueManyAsync(10);
        Expect.Equal(2, (await scene.ClaimAsync(first, 2)).Count);
        Expect.Equal(1, (await scene.ClaimAsync(second, store: other)).Count);
        Expect.Empty(await scene.ClaimAsync(first));
        Expect.Equal(3L, (await scene.TallyAsync()).Processing);
    }

    private static async Task MaxConcurrentFreed(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 2);
        await scene.EnqueueManyAsync(6);
        var jobs = await scene.ClaimAsync(node);
        await scene.CompleteAsync(node, jobs[0]);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
        await scene.DoneAsync(node, scene.Failed(jobs[1]));
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task FullQueueIsMore(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        await scene.EnqueueManyAsync(2);
        Expect.Equal(true, (await scene.AskAsync(node, 5)).More);
    }

    private static async Task NoSlotsNoJobs(Scene scene)
    {
        var node = await scene.JoinAsync();
        Expect.Equal(false, (await scene.AskAsync(node, 0)).More);
        await scene.EnqueueAsync();
        var answer = await scene.AskAsync(node, 0);
        Expect.Equal((0, true), (answer.Jobs.Count, answer.More));
    }

    private static async Task RaisesFence(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var last = 0L;
        for (var i = 0; i < 3; i++)
        {
            var job = await scene.ClaimOneAsync(node);
            Expect.True(job.Key.Fence > last, $"a fence above {last}; it was {job.Key.Fence}");
            last = job.Key.Fence;
            await scene.DoneAsync(node, scene.Retried(job, 0));
        }
    }

    private static async Task UnknownNodeGetsNothing(Scene scene)
    {
        await scene.JoinAsync();
        await scene.EnqueueAsync();
        Expect.Empty(await scene.ClaimAsync(new NodeId(4711)));
    }

    private static async Task LeftNodeGetsNothing(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        await scene.Store.LeaveAsync(node);
        Expect.Empty(await scene.ClaimAsync(node));
    }

    private static async Task BecomesProcessing(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        var claimed = await scene.ClaimOneAsync(node);
        var job = await scene.GetAsync(id);
        Expect.Equal(JobStatus.Processing, job.Status);
        Expect.Equal(1, job.Attempt);
        Expect.Equal(claimed.Key.Fence, job.Fence);
        Expect.Equal(scene.Clock.Now, job.StartedAt);
        Expect.Null(job.Reason);
    }

    private static async Task TwoNodesShare(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        NodeId[] nodes = [await scene.JoinAsync(), await scene.JoinAsync(other)];
        IJobStore[] stores = [scene.Store, other];
        await scene.EnqueueManyAsync(50);
        var seen = new HashSet<JobId>();
        for (var i = 0; i < 50; i++)
        {
            foreach (var job in await scene.ClaimAsync(nodes[i % 2], 1 + (i % 3), store: stores[i % 2]))
            {
                Expect.True(seen.Add(job.Key.Job), $"job {job.Key.Job} only once");
            }
        }
        Expect.Equal(50, seen.Count);
    }

    private static async Task ManyInOrder(Scene scene)
    {
        var random = new Random(1);
        var node = await scene.JoinAsync();
        var priorities = Enumerable.Range(0, 1000).Select(_ => random.Next(-5, 6)).ToList();
        var added = await scene.Store.EnqueueAsync([.. priorities.Select(p => Job(priority: p))]);
        var expected = added.Select((e, i) => (e.Id, Priority: priorities[i])).OrderByDescending(j => j.Priority).ThenBy(j => j.Id).Select(j => j.Id);
        var came = new List<JobId>();
        while (came.Count < 1000)
        {
            var jobs = await scene.ClaimAsync(node, random.Next(1, 80));
            Expect.True(jobs.Count > 0, "work as long as there is some");
            came.AddRange(jobs.Select(j => j.Key.Job));
        }
        Expect.Sequence(expected, came);
    }
}
