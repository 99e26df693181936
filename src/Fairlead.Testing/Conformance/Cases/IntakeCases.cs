using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class IntakeCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Intake.IdsGrowInOrder", "Ids grow in the order of the list.", IdsGrowInOrder),
        new("Intake.KeepsEverything", "A job is kept as it was given.", KeepsEverything),
        new("Intake.ReadyAtOnce", "A job without delay is queued.", ReadyAtOnce),
        new("Intake.DelayedIsScheduled", "A job with a delay is scheduled for that time.", DelayedIsScheduled),
        new("Intake.NegativeDelayIsAtOnce", "Zero or less means at once.", NegativeDelayIsAtOnce),
        new("Intake.DefaultDeadline", "The deadline is 7 days by default.", DefaultDeadline),
        new("Intake.OwnDeadline", "A job's own deadline counts from its enqueueing.", OwnDeadline),
        new("Intake.AllOrNothing", "Jobs are added all or none.", AllOrNothing),
        new("Intake.SeenByOthers", "It has happened when the call returns, for every process.", SeenByOthers),
        new("Intake.EmptyCall", "No jobs are no error.", EmptyCall),
        new("Intake.SignalsWork", "Listeners of the store hear of new work, until they stop listening.", SignalsWork),
        new("Intake.LargePayload", "A large payload comes back byte for byte.", LargePayload),
        new("Intake.KeysFromPayload", "A queue's pointers find the group and the unique key of a job that names none, whoever enqueues it.", KeysFromPayload),
        new("Intake.OwnKeysFirst", "What a job names itself stands above its queue's pointers.", OwnKeysFirst),
        new("Intake.NoKeysInPayload", "A payload that says nothing leaves a job without group and unique key.", NoKeysInPayload),
        new("Intake.ItemsHaveKeys", "An item whose payload names a unique key that is held refuses the batch.", ItemsHaveKeys),
    ];

    private static readonly QueueDefinition Pointed = new() { Name = Scene.Queue, Group = "/account", Unique = "/id" };

    private static async Task KeysFromPayload(Scene scene)
    {
        await scene.JoinAsync(Registration(Pointed));
        var first = await scene.EnqueueAsync(Job(payload: """{"account":"acme","id":7}"""));
        var job = await scene.GetAsync(first);
        Expect.Equal(("acme", "7"), (job.Group, job.UniqueKey));
        var answers = await scene.Store.EnqueueAsync([Job(payload: """{"account":"other","id":7}"""), Job(payload: """{"account":"other","id":8}""")]);
        Expect.Equal(new EnqueuedJob(first, Existing: true), answers[0]);
        Expect.Equal(false, answers[1].Existing);
    }

    private static async Task OwnKeysFirst(Scene scene)
    {
        await scene.JoinAsync(Registration(Pointed));
        var job = await scene.GetAsync(await scene.EnqueueAsync(Job(key: "own", group: "mine", payload: """{"account":"acme","id":7}""")));
        Expect.Equal(("mine", "own"), (job.Group, job.UniqueKey));
    }

    private static async Task NoKeysInPayload(Scene scene)
    {
        await scene.JoinAsync(Registration(Pointed));
        foreach (var payload in new[] { "{}", """{"account":null,"id":{"a":1}}""", "\"text\"", "" })
        {
            var job = await scene.GetAsync(await scene.EnqueueAsync(Job(payload: payload)));
            Expect.Null(job.Group);
            Expect.Null(job.UniqueKey);
        }
    }

    private static async Task ItemsHaveKeys(Scene scene)
    {
        await scene.JoinAsync(Registration(Pointed));
        var id = await scene.Store.EnqueueBatchAsync(new() { Queue = Scene.Queue, Items = [Job(payload: """{"id":1}"""), Job(payload: """{"id":2}""")] });
        Expect.Sequence(["1", "2"], (await scene.ItemsAsync(id)).Select(item => item.UniqueKey));
        await Expect.ThrowsAsync<ArgumentException>(() => scene.Store.EnqueueBatchAsync(new() { Queue = Scene.Queue, Items = [Job(payload: """{"id":2}""")] }).AsTask());
    }

    private static async Task IdsGrowInOrder(Scene scene)
    {
        var first = await scene.EnqueueManyAsync(3);
        var second = await scene.EnqueueManyAsync(2);
        JobId[] all = [.. first, .. second];
        Expect.Sequence(all.Order(), all);
        Expect.Equal(5, all.Distinct().Count());
        Expect.True(all[0].Value >= 1, "ids from 1");
    }

    private static async Task KeepsEverything(Scene scene)
    {
        var parent = await scene.EnqueueAsync();
        var id = await scene.EnqueueAsync(new()
        {
            Queue = "other",
            Kind = new("thing", 3),
            Payload = Utf8("""{"ü":"€"}"""),
            Priority = -7,
            Group = "acme",
            UniqueKey = "k",
            Parent = parent,
        });
        var job = await scene.GetAsync(id);
        Expect.Equal("other", job.Queue);
        Expect.Equal(new JobKind("thing", 3), job.Kind);
        Expect.Equal("""{"ü":"€"}""", Text(job.Payload));
        Expect.Equal(-7, job.Priority);
        Expect.Equal("acme", job.Group);
        Expect.Equal("k", job.UniqueKey);
        Expect.Equal(parent, job.Parent);
        Expect.Equal(scene.Clock.Now, job.EnqueuedAt);
        Expect.Equal(0, job.Attempt);
        Expect.Equal(0L, job.Fence);
        Expect.Null(job.Batch);
    }

    private static async Task ReadyAtOnce(Scene scene)
    {
        var job = await scene.GetAsync(await scene.EnqueueAsync());
        Expect.Equal(JobStatus.Queued, job.Status);
        Expect.Null(job.DueAt);
    }

    private static async Task DelayedIsScheduled(Scene scene)
    {
        var job = await scene.GetAsync(await scene.EnqueueAsync(Job(delay: 60)));
        Expect.Equal(JobStatus.Scheduled, job.Status);
        Expect.Equal(scene.Clock.Now.AddSeconds(60), job.DueAt);
    }

    private static async Task NegativeDelayIsAtOnce(Scene scene) =>
        await scene.ExpectStatusAsync(await scene.EnqueueAsync(Job(delay: -5)), JobStatus.Queued);

    private static async Task DefaultDeadline(Scene scene)
    {
        var job = await scene.GetAsync(await scene.EnqueueAsync());
        Expect.Equal(scene.Clock.Now.AddDays(7), job.Deadline);
    }

    private static async Task OwnDeadline(Scene scene)
    {
        var job = await scene.GetAsync(await scene.EnqueueAsync(Job() with { Deadline = TimeSpan.FromMinutes(3) }));
        Expect.Equal(scene.Clock.Now.AddMinutes(3), job.Deadline);
    }

    private static async Task AllOrNothing(Scene scene)
    {
        var held = await scene.EnqueueAsync();
        await Expect.ThrowsAsync<ArgumentException>(async () =>
            await scene.Store.EnqueueAsync([Job(), Job(key: "k"), Job() with { After = [new(held.Value + 1000)] }]));
        Expect.Equal(1L, (await scene.TallyAsync()).Total);
        Expect.Equal(false, (await scene.Store.EnqueueAsync([Job(key: "k")]))[0].Existing);
    }

    private static async Task SeenByOthers(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var id = await scene.EnqueueAsync();
        Expect.NotNull(await other.GetJobAsync(id), "the job, seen by another process");
    }

    private static async Task EmptyCall(Scene scene) => Expect.Empty(await scene.Store.EnqueueAsync([]));

    private static async Task SignalsWork(Scene scene)
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var listening = scene.Store.Listen(signals =>
        {
            if (signals.HasFlag(StoreSignals.Work))
            {
                heard.TrySetResult();
            }
        });
        await scene.EnqueueAsync();
        // Signals may be lost in general; a store that loses one in its own process with nothing else going on is deaf.
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
        listening.Dispose();
        await scene.EnqueueAsync();
    }

    private static async Task LargePayload(Scene scene)
    {
        var payload = $"\"{new string('x', 1_000_000)}\"";
        var id = await scene.EnqueueAsync(Job(payload: payload));
        Expect.True(Text((await scene.GetAsync(id)).Payload) == payload, "the payload of 1 MB back as it was");
        var node = await scene.JoinAsync();
        Expect.True(Text((await scene.ClaimOneAsync(node)).Payload) == payload, "the payload of 1 MB in the claim as it was");
    }
}
