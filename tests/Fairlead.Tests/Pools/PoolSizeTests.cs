using Fairlead.Processes.Pools;
using Fairlead.Storage;

namespace Fairlead.Tests.Pools;

/// <summary>How many processes there are, and when the next may be started.</summary>
public sealed class PoolSizeTests
{
    public static TheoryData<string> Protocols => ["job", "stream"];

    private static PoolOptions Of(string protocol) => protocol == "job" ? PoolScene.Job : PoolScene.Stream;

    [Theory, MemberData(nameof(Protocols))]
    public void Of_five_jobs_three_run_at_once_and_two_more_as_the_first_end(string protocol)
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(10) };
        scene.Start((PoolScene.Queue(maxConcurrent: 3), Of(protocol)));
        var began = scene.Time.Now;
        scene.Enqueue(5);
        scene.RunUntilEnded();
        scene.World.MostOf["q"].ShouldBe(3);
        scene.World.MostRuns.ShouldBe(3);
        scene.World.Runs.Count(run => run.From - began < TimeSpan.FromSeconds(1)).ShouldBe(3);
        scene.World.Runs.Count(run => run.From - began is var at && at > TimeSpan.FromSeconds(10) && at < TimeSpan.FromSeconds(10.5)).ShouldBe(2);
        scene.Tally().Completed.ShouldBe(5);
        scene.ShouldBeEven();
    }

    [Theory, MemberData(nameof(Protocols))]
    public void A_node_starts_no_more_than_its_share(string protocol)
    {
        var scene = new PoolScene();
        scene.Start((PoolScene.Queue(maxConcurrent: 8), Of(protocol) with { MaxPerNode = 2 }));
        scene.Enqueue(10);
        scene.RunUntilEnded();
        scene.World.MostOf["q"].ShouldBe(2);
        (scene.World.Runs.Max(static run => run.From) - scene.World.Runs.Min(static run => run.From)).ShouldBeLessThan(TimeSpan.FromSeconds(4.5));
        scene.ShouldBeEven();
    }

    [Fact]
    public void A_place_cools_down_by_itself_and_a_first_start_waits_for_nothing()
    {
        var scene = new PoolScene { Program = static (_, count) => VirtualProgram.Taking(count) };
        scene.Start((PoolScene.Queue(maxConcurrent: 3), PoolScene.Job with { Cooldown = TimeSpan.FromSeconds(30) }));
        var began = scene.Time.Now;
        scene.Enqueue(6);
        scene.RunUntilEnded();
        var starts = scene.World.Processes.ConvertAll(static process => process.StartedAt);
        starts.Take(3).ShouldAllBe(at => at - began < TimeSpan.FromSeconds(0.5));
        for (var i = 0; i < 3; i++)
        {
            (starts[i + 3] - scene.World.Processes[i].EndedAt!.Value).ShouldBeInRange(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30.2));
        }
        scene.ShouldBeEven();
    }

    [Fact]
    public void A_stream_process_that_ended_leaves_its_place_to_cool()
    {
        var scene = new PoolScene();
        scene.Start((PoolScene.Queue(maxConcurrent: 1), PoolScene.Stream with { MaxJobs = 2, Cooldown = TimeSpan.FromSeconds(20) }));
        scene.Enqueue(5);
        scene.RunUntilEnded();
        scene.World.Processes.Count.ShouldBe(3);
        for (var i = 1; i < 3; i++)
        {
            (scene.World.Processes[i].StartedAt - scene.World.Processes[i - 1].EndedAt!.Value).ShouldBeInRange(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20.2));
        }
        scene.Report().Ends[WorkerEnd.MaxJobs].ShouldBe(2);
    }

    [Theory, InlineData(1), InlineData(4)]
    public void A_process_is_given_no_more_jobs_than_max_jobs(int prefetch)
    {
        var scene = new PoolScene();
        scene.Start((PoolScene.Queue(), PoolScene.Stream with { MaxJobs = 3, Prefetch = prefetch, MaxPerNode = 2 }));
        scene.Enqueue(20);
        scene.RunUntilEnded();
        scene.World.Runs.GroupBy(static run => run.Process).Max(static runs => runs.Count()).ShouldBe(3);
        scene.World.Processes.Count.ShouldBeInRange(7, 8);
        scene.World.MostOf["q"].ShouldBe(2);
        scene.Tally().Completed.ShouldBe(20);
        scene.ShouldBeEven(slots: 2 * Math.Min(prefetch, 3));
    }

    [Fact]
    public void Without_a_job_for_idle_timeout_it_is_let_go()
    {
        var scene = new PoolScene();
        scene.Start((PoolScene.Queue(maxConcurrent: 2), PoolScene.Stream with { IdleTimeout = TimeSpan.FromSeconds(5) }));
        scene.Enqueue(2);
        scene.RunUntilEnded();
        var ended = scene.Time.Now;
        scene.Time.RunFor(TimeSpan.FromSeconds(4.5));
        scene.World.Living.Count().ShouldBe(2);
        scene.Time.RunUntil(() => !scene.World.Living.Any(), TimeSpan.FromMinutes(10)).ShouldBeTrue();
        (scene.Time.Now - ended).ShouldBeInRange(TimeSpan.FromSeconds(4.9), TimeSpan.FromSeconds(5.2));
        scene.ShouldBeEven();
        scene.Report().Ends[WorkerEnd.Idle].ShouldBe(2);
    }

    [Fact]
    public void Spares_stand_ready_before_there_is_work_and_stay()
    {
        var scene = new PoolScene();
        scene.Start((PoolScene.Queue(maxConcurrent: 4), PoolScene.Stream with { Spares = 2, IdleTimeout = TimeSpan.FromSeconds(5) }));
        scene.Time.RunFor(TimeSpan.FromSeconds(30));
        scene.World.Living.Count().ShouldBe(2);
        scene.World.Processes.Count.ShouldBe(2, "those that stand ready are not replaced");
        scene.Enqueue(2);
        scene.Time.RunFor(TimeSpan.FromSeconds(0.5));
        scene.World.Living.Count().ShouldBe(4, "two more stand ready while two work");
        scene.RunUntilEnded();
        scene.Time.RunFor(TimeSpan.FromSeconds(20));
        scene.World.Living.Count().ShouldBe(2);
    }

    [Fact]
    public void Spares_that_leave_at_once_are_not_started_again_and_again()
    {
        var scene = new PoolScene { Program = static (_, _) => new VirtualProgram { DiesAfter = TimeSpan.FromMilliseconds(10), DiesWith = 0 } };
        scene.Start((PoolScene.Queue(maxConcurrent: 4), PoolScene.Stream with { Spares = 1 }));
        scene.Time.RunFor(TimeSpan.FromMinutes(10));
        scene.World.Processes.Count.ShouldBeInRange(10, 25);
    }

    [Fact]
    public void When_fewer_are_allowed_only_as_many_idle_ones_go_as_are_too_many()
    {
        var scene = new PoolScene();
        scene.Start((PoolScene.Queue(maxConcurrent: 4), PoolScene.Stream));
        scene.Enqueue(4);
        scene.RunUntilEnded();
        scene.World.Living.Count().ShouldBe(4);
        scene.Time.Run(async () => await scene.Store.ChangeQueueAsync("q", new QueueChange { MaxConcurrent = 3 }));
        scene.Time.RunFor(TimeSpan.FromSeconds(10));
        scene.World.Living.Count().ShouldBe(3);
        scene.ShouldBeEven();
    }

    [Fact]
    public void Every_worker_has_an_id_of_its_own_made_of_label_second_and_node()
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(0.1) };
        var seen = new HashSet<string>();
        scene.Start((PoolScene.Queue(maxConcurrent: 5) with { Label = "AI" }, PoolScene.Job));
        scene.Enqueue(50);
        scene.Time.RunUntil(() => { seen.UnionWith(scene.Report().Workers.Select(static worker => worker.Id)); return scene.World.Processes.Count == 50; }, TimeSpan.FromMinutes(1)).ShouldBeTrue();
        seen.Count.ShouldBe(50);
        seen.ShouldAllBe(id => System.Text.RegularExpressions.Regex.IsMatch(id, @"^ai_17672\d+\.1$"));
        scene.Log.Lines.ShouldContain(line => line.Text.StartsWith("Spawned worker ai_") && line.Text.Contains("for AI (PID: "));
    }
}
