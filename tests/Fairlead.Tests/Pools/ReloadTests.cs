using Fairlead.Diagnostics;
using Fairlead.Processes.Pools;
using Fairlead.Storage;

namespace Fairlead.Tests.Pools;

/// <summary>What changes while pools are under load: nothing is lost, nothing runs twice.</summary>
public sealed class ReloadTests
{
    public static TheoryData<string> Protocols => ["job", "stream"];

    private static PoolOptions Of(string protocol) => protocol == "job" ? PoolScene.Job : PoolScene.Stream;

    [Theory, MemberData(nameof(Protocols))]
    public void Max_concurrent_from_3_to_6_to_1_is_in_force_within_a_second(string protocol)
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(0.4) };
        scene.Start((PoolScene.Queue(maxConcurrent: 3), Of(protocol)));
        scene.Enqueue(200);
        scene.Time.RunFor(TimeSpan.FromSeconds(5));
        Running(scene).ShouldBe(3);
        scene.World.MostRuns.ShouldBe(3);
        Change(scene, 6);
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        Running(scene).ShouldBe(6);
        scene.Time.RunFor(TimeSpan.FromSeconds(5));
        scene.World.MostRuns.ShouldBe(6);
        Change(scene, 1);
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        Running(scene).ShouldBe(1);
        scene.World.Living.Count().ShouldBe(1);
        var later = scene.Time.Now;
        scene.RunUntilEnded();
        scene.World.Runs.Where(run => run.From > later).Select(run => scene.World.Runs.Count(other => other.From <= run.From && other.To > run.From)).Max().ShouldBe(1);
        scene.World.Runs.Count.ShouldBe(200);
        scene.World.Runs.Select(static run => run.Job).Distinct().Count().ShouldBe(200);
        scene.Tally().Completed.ShouldBe(200);
        scene.ShouldBeEven();
    }

    [Theory, MemberData(nameof(Protocols))]
    public void A_reload_adds_changes_and_removes_queues_under_load(string protocol)
    {
        var options = Of(protocol) with { Prefetch = protocol == "stream" ? 2 : 1 };
        var (kept, changed, removed, added) = (PoolScene.Queue("kept", 2), PoolScene.Queue("changed", 3), PoolScene.Queue("removed", 2), PoolScene.Queue("added", 2));
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(0.7) };
        scene.Start((kept, options), (changed, options), (removed, options));
        foreach (var queue in new[] { "kept", "changed", "removed", "added" })
        {
            scene.Enqueue(60, queue);
        }
        scene.Time.RunFor(TimeSpan.FromSeconds(3));
        var old = new[] { scene.Pools["changed"], scene.Pools["removed"] };
        var wider = changed with { MaxConcurrent = 6 };
        scene.Serve((kept, scene.Pools["kept"]), (wider, scene.Pool(wider, options)), (added, scene.Pool(added, options)));
        var reloaded = scene.Time.Now;
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        scene.World.Runs.Any(run => run.Process.Queue == "added").ShouldBeTrue();
        scene.World.Runs.Count(run => run.Process.Queue == "changed" && run.To is null).ShouldBeInRange(options.Prefetch == 1 ? 6 : 3, 6);
        scene.Time.RunUntil(() => Array.TrueForAll(old, static pool => pool.IsGone), TimeSpan.FromSeconds(3)).ShouldBeTrue("what was replaced is gone");
        scene.World.Runs.ShouldNotContain(run => run.Process.Queue == "removed" && run.From > reloaded + TimeSpan.FromSeconds(1));
        scene.Time.RunUntil(() => new[] { "kept", "changed", "added" }.All(queue => scene.Store.ListQueuesAsync().Result.First(each => each.Name == queue).Jobs.Ended == 60), TimeSpan.FromMinutes(5)).ShouldBeTrue();
        scene.Tally("removed").Processing.ShouldBe(0);
        scene.Serve((kept, scene.Pools["kept"]), (removed, scene.Pool(removed, options)));
        scene.RunUntilEnded();
        foreach (var queue in new[] { "kept", "changed", "removed", "added" })
        {
            scene.Tally(queue).Completed.ShouldBe(60, queue);
            scene.World.Runs.Where(run => run.Process.Queue == queue).Select(static run => run.Job).Distinct().Count().ShouldBe(60);
        }
        scene.World.Runs.Count.ShouldBe(240, "nothing ran twice");
        scene.ShouldBeEven("kept");
    }

    [Fact]
    public void A_process_that_hangs_in_a_replaced_pool_is_ended_at_its_timeout_all_the_same()
    {
        var queue = PoolScene.Queue(maxConcurrent: 2, timeout: TimeSpan.FromSeconds(10));
        var scene = new PoolScene { Program = static (_, _) => new VirtualProgram { Work = static task => task.Payload.GetInt32() == 1 ? task.Delay(TimeSpan.FromSeconds(5)) : VirtualTask.Forever(), OnTerm = null } };
        scene.Start((queue, PoolScene.Stream with { Prefetch = 2 }));
        var jobs = (scene.Enqueue(1)[0], scene.Enqueue(1, payload: "2")[0]);
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        scene.Serve();
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        Pools(scene).ShouldContain(pool => pool.Pool.Workers.Count == 1, "its process is still shown");
        scene.RunUntilEnded(TimeSpan.FromSeconds(25));
        scene.JobOf(jobs.Item1).Status.ShouldBe(JobStatus.Completed);
        scene.JobOf(jobs.Item2).LastOutcome.ShouldBe(AttemptOutcome.TimedOut);
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        scene.World.Living.ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Protocols))]
    public void A_node_that_is_stopped_hands_back_what_has_not_begun_and_lets_the_rest_end(string protocol)
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(20) with { HearsCancel = true } };
        scene.Start((PoolScene.Queue(maxConcurrent: 4), Of(protocol) with { Prefetch = protocol == "stream" ? 4 : 1 }));
        scene.Enqueue(6);
        scene.Time.RunFor(TimeSpan.FromSeconds(5));
        scene.Time.Run(() => scene.Node.StopAsync(default));
        scene.Node.InHand.ShouldBe(0);
        scene.Tally().Completed.ShouldBe(protocol == "stream" ? 1 : 4);
        scene.Tally().Queued.ShouldBe(protocol == "stream" ? 5 : 2);
    }

    private static IReadOnlyList<NodePool> Pools(PoolScene scene) => scene.Time.Run(async () => await scene.Store.ListPoolsAsync());

    private static int Running(PoolScene scene) => (int)scene.Tally().Processing;

    private static void Change(PoolScene scene, int most) => scene.Time.Run(async () => await scene.Store.ChangeQueueAsync("q", new QueueChange { MaxConcurrent = most }));
}
