using System.Text;
using Fairlead.Batches;
using Fairlead.Diagnostics;
using Fairlead.Limits;
using Fairlead.Storage;

namespace Fairlead.Testing.Conformance;

/// <summary>What a case works with: fresh storage, a clock that only it moves, and short words for what cases do over and over.</summary>
public sealed class Scene : IAsyncDisposable
{
    private readonly IStoreFixture _fixture;
    private readonly List<IJobStore> _stores = [];
    private readonly Dictionary<NodeId, long> _sequences = [];
    private readonly DateTimeOffset _began;

    private Scene(IStoreFixture fixture)
    {
        _fixture = fixture;
        _began = Clock.Now;
    }

    /// <summary>The clock all stores of this case go by.</summary>
    public ManualClock Clock { get; } = new();

    /// <summary>The first store.</summary>
    public IJobStore Store { get; private set; } = null!;

    internal static readonly JobKind Kind = new("work");

    internal const string Queue = "q";

    internal static async ValueTask<Scene> OpenAsync(IStoreFixture fixture)
    {
        var scene = new Scene(fixture);
        scene.Store = await scene.OpenAnotherAsync();
        return scene;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>One more store over the same data, as another process would have it.</summary>
    internal async ValueTask<IJobStore> OpenAnotherAsync()
    {
        var store = await _fixture.OpenAsync(Clock);
        _stores.Add(store);
        return store;
    }

    internal async ValueTask KillAsync(IJobStore store)
    {
        _stores.Remove(store);
        await _fixture.KillAsync(store);
    }

    internal void Wait(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds));

    internal static NewJob Job(string queue = Queue, string kind = "work", int priority = 0, double delay = 0, string? key = null, string payload = "{}", string? group = null) => new()
    {
        Queue = queue,
        Kind = new(kind),
        Priority = priority,
        Delay = TimeSpan.FromSeconds(delay),
        UniqueKey = key,
        Group = group,
        Payload = Utf8(payload),
    };

    internal static NewBatch Batch(int items, int? maxParallel = null, NewJob? finalize = null, bool failOnError = false, string? name = null) => new()
    {
        Name = name,
        Queue = Queue,
        Items = [.. Enumerable.Range(0, items).Select(static i => Job(payload: $"{{\"i\":{i}}}"))],
        MaxParallel = maxParallel,
        Finalize = finalize,
        FailOnError = failOnError,
    };

    internal static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    internal static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);

    internal async ValueTask<JobId> EnqueueAsync(NewJob? job = null) => (await Store.EnqueueAsync([job ?? Job()]))[0].Id;

    internal async ValueTask<JobId[]> EnqueueManyAsync(int count) =>
        [.. (await Store.EnqueueAsync([.. Enumerable.Range(0, count).Select(static _ => Job())])).Select(static e => e.Id)];

    internal static NodeRegistration Registration(QueueDefinition? definition = null, params JobKind[] kinds) => new()
    {
        Name = "node",
        Slots = 100,
        Queues = [new(definition ?? new() { Name = Queue }, kinds.Length == 0 ? [Kind] : kinds)],
    };

    internal ValueTask<NodeId> JoinAsync(IJobStore? store = null, int? maxConcurrent = null) =>
        JoinAsync(Registration(new() { Name = Queue, MaxConcurrent = maxConcurrent }), store);

    internal async ValueTask<NodeId> JoinAsync(NodeRegistration registration, IJobStore? store = null) =>
        (await (store ?? Store).JoinAsync(registration)).Node;

    /// <summary>Joins with a queue that uses limits, groups or a breaker; the node is never too silent, however far the clock is moved.</summary>
    internal ValueTask<NodeId> JoinAsync(QueueDefinition definition, params NamedLimit[] limits) => JoinAsync(Flow([definition], limits));

    internal static NodeRegistration Flow(IReadOnlyList<QueueDefinition> definitions, params NamedLimit[] limits) => Registration() with
    {
        Queues = [.. definitions.Select(static definition => new ServedQueue(definition, [Kind]))],
        Limits = limits,
        Lease = TimeSpan.FromDays(400),
    };

    internal static QueueDefinition Using(params LimitUse[] limits) => new() { Name = Queue, Limits = limits };

    internal static NamedLimit Named(string name, Limit limit) => new(name, limit);

    /// <summary>Seconds since the case began.</summary>
    internal double Since(DateTimeOffset? moment) => moment is { } at ? (at - _began).TotalSeconds : -1;

    internal void WaitUntil(DateTimeOffset moment) => Clock.Advance(moment - Clock.Now);

    internal ValueTask<PermitAnswer> AcquireAsync(
        string limit, int count = 1, long cost = 1, double within = 2, NodeId? node = null, string? group = null, AttemptKey? attempt = null, IJobStore? store = null) =>
        (store ?? Store).AcquireAsync(new()
        {
            Limit = limit, Count = count, Cost = cost, Within = TimeSpan.FromSeconds(within), Node = node, Group = group, Attempt = attempt,
        });

    /// <summary>The moments of what is given, in seconds since the case began.</summary>
    internal async ValueTask<IReadOnlyList<double>> SlotsAsync(string limit, int count, double within = 2, IJobStore? store = null) =>
        [.. (await AcquireAsync(limit, count, within: within, store: store)).Permits.Select(permit => Since(permit.At))];

    internal ValueTask ReportAsync(LimitReport report) => Store.ReportAsync([report]);

    internal async ValueTask<LimitInfo> LimitAsync(string name, string? group = null, IJobStore? store = null) =>
        Expect.NotNull((await (store ?? Store).ListLimitsAsync()).FirstOrDefault(l => l.Name == name && l.Group == group), $"limit '{name}' of group '{group}'");

    internal async ValueTask<GroupInfo> GroupAsync(string? name, IJobStore? store = null) =>
        Expect.NotNull((await (store ?? Store).ListGroupsAsync(Queue)).FirstOrDefault(g => g.Group == name), $"group '{name}'");

    internal async ValueTask<BreakerInfo?> BreakerAsync(string key) => (await Store.ListBreakersAsync()).FirstOrDefault(b => b.Key == key);

    internal async ValueTask EnqueueAsync(int count, string? group, string queue = Queue) =>
        await Store.EnqueueAsync([.. Enumerable.Range(0, count).Select(_ => Job(queue, group: group))]);

    /// <summary>What kept the queue's work back, with seconds since the case began; −1 for still.</summary>
    internal async ValueTask<IEnumerable<(WaitCause Cause, string Key, double From, double To)>> BlocksAsync(params WaitCause[] causes) =>
        (await Store.GetBlocksAsync(Queue, DateTimeOffset.MinValue, DateTimeOffset.MaxValue))
            .Where(block => causes.Contains(block.Cause)).Select(block => (block.Cause, block.Key, Since(block.From), Since(block.To)));

    internal long NextSequence(NodeId node) => _sequences[node] = _sequences.GetValueOrDefault(node) + 1;

    internal ClaimRequest Request(NodeId node, int slots = 100, bool idle = false, string queue = Queue, params JobKind[] kinds) => new()
    {
        Node = node,
        Sequence = NextSequence(node),
        Slots = slots,
        Queues = [new(queue, kinds.Length == 0 ? [Kind] : kinds, slots)],
        Idle = idle,
    };

    internal ValueTask<ClaimResult> AskAsync(NodeId node, int slots = 100, bool idle = false, IJobStore? store = null) =>
        (store ?? Store).ClaimAsync(Request(node, slots, idle));

    internal async ValueTask<IReadOnlyList<ClaimedJob>> ClaimAsync(NodeId node, int slots = 100, bool idle = false, IJobStore? store = null) =>
        (await AskAsync(node, slots, idle, store)).Jobs;

    /// <summary>Claims exactly one job.</summary>
    internal async ValueTask<ClaimedJob> ClaimOneAsync(NodeId node, bool idle = false, IJobStore? store = null)
    {
        var jobs = await ClaimAsync(node, 1, idle, store);
        Expect.Equal(1, jobs.Count, "the number of claimed jobs");
        return jobs[0];
    }

    internal AttemptTimes Times(ClaimedJob job) => Times(job.Key);

    internal AttemptTimes Times(AttemptKey attempt) => new(attempt, Clock.Now, Clock.Now);

    internal JobTransition Completed(ClaimedJob job, string result = "", params NewJob[] enqueue) =>
        JobTransition.Completed(Times(job), Utf8(result), enqueue);

    internal JobTransition Failed(ClaimedJob job, AttemptOutcome outcome = AttemptOutcome.Failed, bool abandoned = false) =>
        JobTransition.Failed(Times(job), outcome, "It broke.", abandoned);

    internal JobTransition Retried(ClaimedJob job, double delay = 1, AttemptOutcome outcome = AttemptOutcome.Failed, bool abandoned = false) =>
        JobTransition.Retried(Times(job), outcome, "It broke.", TimeSpan.FromSeconds(delay), abandoned);

    internal async ValueTask<ApplyResult> ApplyAsync(NodeId node, JobTransition transition, IJobStore? store = null) =>
        (await (store ?? Store).ApplyAsync(node, [transition]))[0];

    /// <summary>Applies and expects that it was.</summary>
    internal async ValueTask DoneAsync(NodeId node, JobTransition transition) => Expect.Equal(ApplyResult.Applied, await ApplyAsync(node, transition), "the answer");

    internal async ValueTask CompleteAsync(NodeId node, ClaimedJob job) => await DoneAsync(node, Completed(job));

    internal async ValueTask<Job> GetAsync(JobId id) => Expect.NotNull(await Store.GetJobAsync(id), $"job {id}");

    internal async ValueTask<JobStatus> StatusAsync(JobId id) => (await GetAsync(id)).Status;

    internal async ValueTask ExpectStatusAsync(JobId id, JobStatus status) => Expect.Equal(status, await StatusAsync(id), $"the status of job {id}");

    internal async ValueTask<QueueInfo> QueueAsync(string name = Queue) =>
        Expect.NotNull((await Store.ListQueuesAsync()).FirstOrDefault(q => q.Name == name), $"queue '{name}'");

    internal async ValueTask<StateTally> TallyAsync(string name = Queue) => (await QueueAsync(name)).Jobs;

    internal async ValueTask<BatchState> BatchAsync(JobId id) => Expect.NotNull((await GetAsync(id)).BatchState, $"the batch state of {id}");

    internal async ValueTask<IReadOnlyList<Job>> ItemsAsync(JobId batch) =>
        (await Store.ListJobsAsync(new() { Batch = batch, Limit = 1000 })).Jobs;

    internal async ValueTask<IReadOnlyList<Job>> AllAsync() => (await Store.ListJobsAsync(new() { Limit = 1000 })).Jobs;

    /// <summary>Does something until a signal of that kind is heard: single signals may be lost or merged.</summary>
    internal async Task HearAsync(StoreSignals wanted, Func<Task> cause)
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = Store.Listen(signals =>
        {
            if ((signals & wanted) == wanted)
            {
                heard.TrySetResult();
            }
        });
        await cause();
        try
        {
            await heard.Task.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
        }
        catch (TimeoutException)
        {
            throw new ConformanceFailure($"Expected the signal {wanted} within 10 s.");
        }
    }
}
