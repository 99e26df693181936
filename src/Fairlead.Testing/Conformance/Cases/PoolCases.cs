using System.Text.Json;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>What nodes say of their pools, and how their workers are ended.</summary>
internal static class PoolCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Pool.Listed", "What a node says of its pools is read by every process as it was said.", Listed),
        new("Pool.NewestCounts", "A report replaces the one before.", NewestCounts),
        new("Pool.InOrder", "Pools are listed by node and queue.", InOrder),
        new("Pool.ForgottenWithNode", "What a node said is forgotten when it leaves or dies.", ForgottenWithNode),
        new("Pool.WithoutLease", "What a node without its lease says is ignored.", WithoutLease),
        new("Pool.EndOne", "The node of a worker is told to end it, at every heartbeat until its report no longer names it.", EndOne),
        new("Pool.EndAll", "All nodes are told to end all workers that there are; those that come later are not meant.", EndAll),
        new("Pool.EndUnknown", "Where there is no such worker, nobody is asked.", EndUnknown),
        new("Pool.EndForgottenWithNode", "A wish is forgotten with the node.", EndForgottenWithNode),
        new("Pool.EndSignals", "Listeners hear of a wish to end a worker.", EndSignals),
    ];

    private static PoolReport Pool(string queue, params string[] workers) => new()
    {
        Queue = queue,
        Label = queue,
        Most = 3,
        Workers = [.. workers.Select(static id => new WorkerInfo { Id = id, Pid = 0, StartedAt = default, State = WorkerState.Starting })],
    };

    private static ValueTask ReportAsync(Scene scene, NodeId node, params PoolReport[] pools) => scene.Store.ReportPoolsAsync(node, pools);

    private static async Task<IEnumerable<string>> WorkersAsync(Scene scene) =>
        (await scene.Store.ListPoolsAsync()).SelectMany(static pool => pool.Pool.Workers).Select(static worker => worker.Id);

    private static async Task<IEnumerable<string>> ToEndAsync(Scene scene, NodeId node) => (await scene.Store.HeartbeatAsync(node)).EndWorkers;

    private static string Json(PoolReport report) => JsonSerializer.Serialize([report], PoolJson.Default.IReadOnlyListPoolReport);

    private static async Task Listed(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var node = await scene.JoinAsync(Registration() with { Name = "host:1" });
        var report = new PoolReport
        {
            Queue = Scene.Queue, Label = "AI", Most = 3, Use = 0.75, JobsPerMinute = 12, AverageSeconds = 1.5, P95Seconds = 4.25, StartsPerMinute = 2, EndsPerMinute = 1, Starts = 40,
            Ends = new Dictionary<WorkerEnd, long> { [WorkerEnd.JobEnded] = 30, [WorkerEnd.Crashed] = 8 },
            LastError = "exit 3: „ü“", LastErrorAt = scene.Clock.Now, BacksOffUntil = scene.Clock.Now.AddSeconds(9),
            Workers =
            [
                new() { Id = "ai_1.1", Pid = 77, StartedAt = scene.Clock.Now.AddSeconds(-5), State = WorkerState.Busy, Job = new(9), Jobs = 4, MemoryBytes = 1L << 33 },
                new() { Id = "ai_2.1", Pid = 0, StartedAt = scene.Clock.Now, State = WorkerState.Starting },
            ],
        };
        await ReportAsync(scene, node, report);
        var listed = (await other.ListPoolsAsync()).Single();
        Expect.Equal((node, "host:1"), (listed.Node, listed.NodeName));
        Expect.Equal(Json(report), Json(listed.Pool));
        Expect.Equal(8L, listed.Pool.Ends[WorkerEnd.Crashed]);
    }

    private static async Task NewestCounts(Scene scene)
    {
        var node = await scene.JoinAsync();
        await ReportAsync(scene, node, Pool("a", "a1", "a2"), Pool("b", "b1"));
        await ReportAsync(scene, node, Pool("a", "a2"));
        Expect.Sequence(["a2"], await WorkersAsync(scene));
        await ReportAsync(scene, node);
        Expect.Empty(await scene.Store.ListPoolsAsync());
    }

    private static async Task InOrder(Scene scene)
    {
        var (first, second) = (await scene.JoinAsync(), await scene.JoinAsync());
        await ReportAsync(scene, second, Pool("a"));
        await ReportAsync(scene, first, Pool("b"), Pool("B"), Pool("a"));
        Expect.Sequence([(first, "B"), (first, "a"), (first, "b"), (second, "a")], (await scene.Store.ListPoolsAsync()).Select(static pool => (pool.Node, pool.Pool.Queue)));
    }

    private static async Task ForgottenWithNode(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var (leaving, dying) = (await scene.JoinAsync(), await scene.JoinAsync(doomed));
        await ReportAsync(scene, leaving, Pool("a", "a1"));
        await doomed.ReportPoolsAsync(dying, [Pool("a", "a2")]);
        await scene.Store.LeaveAsync(leaving);
        Expect.Sequence(["a2"], await WorkersAsync(scene));
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Empty(await WorkersAsync(scene));
    }

    private static async Task WithoutLease(Scene scene)
    {
        var (left, silent) = (await scene.JoinAsync(), await scene.JoinAsync());
        await scene.Store.LeaveAsync(left);
        await ReportAsync(scene, left, Pool("a", "a1"));
        scene.Wait(8);
        await ReportAsync(scene, silent, Pool("a", "a2"));
        await ReportAsync(scene, new(4711), Pool("a", "a3"));
        Expect.Empty(await WorkersAsync(scene));
    }

    private static async Task EndOne(Scene scene)
    {
        var (node, other) = (await scene.JoinAsync(), await scene.JoinAsync());
        await ReportAsync(scene, node, Pool("a", "a1", "a2"));
        await ReportAsync(scene, other, Pool("a", "a3"));
        Expect.Empty(await ToEndAsync(scene, node));
        Expect.Equal(1, await scene.Store.EndWorkersAsync("a2"));
        Expect.Sequence(["a2"], await ToEndAsync(scene, node));
        await ReportAsync(scene, node, Pool("a", "a1", "a2"));
        Expect.Equal(1, await scene.Store.EndWorkersAsync("a2"));
        Expect.Sequence(["a2"], await ToEndAsync(scene, node));
        Expect.Empty(await ToEndAsync(scene, other));
        await ReportAsync(scene, node, Pool("a", "a1"));
        Expect.Empty(await ToEndAsync(scene, node));
    }

    private static async Task EndAll(Scene scene)
    {
        var (node, other) = (await scene.JoinAsync(), await scene.JoinAsync());
        await ReportAsync(scene, node, Pool("a", "a1", "a2"), Pool("b", "b1"));
        await ReportAsync(scene, other, Pool("a", "a3"));
        Expect.Equal(4, await scene.Store.EndWorkersAsync(null));
        await ReportAsync(scene, node, Pool("a", "a2", "a4"), Pool("b", "b1"));
        Expect.Sequence(["a2", "b1"], await ToEndAsync(scene, node));
        Expect.Sequence(["a3"], await ToEndAsync(scene, other));
    }

    private static async Task EndUnknown(Scene scene)
    {
        var node = await scene.JoinAsync();
        await ReportAsync(scene, node, Pool("a", "a1"));
        Expect.Equal(0, await scene.Store.EndWorkersAsync("a2"));
        await ReportAsync(scene, node, Pool("a", "a1", "a2"));
        Expect.Empty(await ToEndAsync(scene, node));
    }

    private static async Task EndForgottenWithNode(Scene scene)
    {
        var node = await scene.JoinAsync();
        await ReportAsync(scene, node, Pool("a", "a1"));
        await scene.Store.EndWorkersAsync(null);
        await scene.Store.LeaveAsync(node);
        Expect.Equal(0, await scene.Store.EndWorkersAsync(null));
        var next = await scene.JoinAsync();
        await ReportAsync(scene, next, Pool("a", "a1"));
        Expect.Empty(await ToEndAsync(scene, next));
        Expect.Empty(await ToEndAsync(scene, node));
    }

    private static async Task EndSignals(Scene scene)
    {
        var node = await scene.JoinAsync();
        await ReportAsync(scene, node, Pool("a", "a1"));
        await scene.HearAsync(StoreSignals.Control, async () => await scene.Store.EndWorkersAsync("a1"));
    }
}
