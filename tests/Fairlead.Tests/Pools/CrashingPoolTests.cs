using Fairlead.Diagnostics;
using Fairlead.Processes.Pools;
using Fairlead.Storage;

namespace Fairlead.Tests.Pools;

/// <summary>Programs that die before they have done anything, and programs that cannot be started.</summary>
public sealed class CrashingPoolTests
{
    public static TheoryData<string> Protocols => ["job", "stream"];

    private static PoolOptions Of(string protocol) => protocol == "job" ? PoolScene.Job : PoolScene.Stream;

    [Theory, MemberData(nameof(Protocols))]
    public void A_program_that_cannot_be_started_loses_no_job_and_shows_its_error(string protocol)
    {
        var scene = new PoolScene { Program = static (_, _) => new VirtualProgram { NeverStarts = "There is no program 'pyhton3'." } };
        scene.Start((PoolScene.Queue(maxConcurrent: 4), Of(protocol)));
        var jobs = scene.Enqueue(5);
        scene.Time.RunFor(TimeSpan.FromMinutes(30));
        scene.Tally().Ended.ShouldBe(0);
        jobs.ShouldAllBe(job => scene.JobOf(job).Attempt <= 1);
        scene.Report().LastError!.ShouldContain("pyhton3");
        scene.Report().BacksOffUntil.ShouldNotBeNull();
        scene.World.Processes.Count.ShouldBeInRange(30, 50);
        scene.Program = static (_, _) => VirtualProgram.Taking(1);
        scene.RunUntilEnded(TimeSpan.FromMinutes(2));
        scene.Tally().Completed.ShouldBe(5);
        jobs.ShouldAllBe(job => scene.JobOf(job).Attempt == 1);
        scene.Report().BacksOffUntil.ShouldBeNull();
        scene.ShouldBeEven();
    }

    [Fact]
    public void While_its_processes_may_not_start_jobs_are_left_for_other_nodes()
    {
        var scene = new PoolScene { Program = static (_, _) => new VirtualProgram { NeverStarts = "no such file" } };
        scene.Start((PoolScene.Queue(maxConcurrent: 4), PoolScene.Stream with { Prefetch = 2 }));
        scene.Enqueue(20);
        scene.Time.RunFor(TimeSpan.FromMinutes(10));
        scene.Time.RunUntil(() => scene.Report().BacksOffUntil is not null, TimeSpan.FromMinutes(2)).ShouldBeTrue();
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        scene.Tally().Queued.ShouldBe(20);
        scene.Node.InHand.ShouldBe(0);
    }

    [Fact]
    public void Starts_are_put_off_for_one_second_then_twice_as_long_up_to_a_minute_one_at_a_time()
    {
        var scene = new PoolScene { Program = static (_, _) => new VirtualProgram { DiesAfter = TimeSpan.FromMilliseconds(10), Work = static _ => VirtualTask.Forever() } };
        scene.Start((PoolScene.Queue(maxConcurrent: 3, retries: 1000) with { BackoffFirst = TimeSpan.FromMilliseconds(10), BackoffMax = TimeSpan.FromMilliseconds(20) }, PoolScene.Stream));
        scene.Enqueue(3);
        scene.Time.RunFor(TimeSpan.FromMinutes(10));
        var starts = scene.World.Processes.ConvertAll(static process => process.StartedAt);
        // The first three say that it is a storm; from then on each follows the one before.
        for (var i = 3; i < starts.Count; i++)
        {
            var wait = (starts[i] - scene.World.Processes[i - 1].EndedAt!.Value).TotalSeconds;
            wait.ShouldBeInRange(Math.Min(60, Math.Pow(2, i - 3)), Math.Min(60, Math.Pow(2, i - 3)) + 0.2, $"start {i}");
        }
        starts.Count.ShouldBeInRange(15, 20);
        scene.Log.Lines.Count(static line => line.Text.Contains("end again and again")).ShouldBe(1);
        scene.Report().LastError!.ShouldContain("exit code 1");
    }

    [Theory, MemberData(nameof(Protocols))]
    public void The_first_that_works_ends_the_storm_and_all_places_are_filled_at_once(string protocol)
    {
        var bad = true;
        var scene = new PoolScene();
        scene.Program = (_, _) => bad ? new VirtualProgram { NeverStarts = "busy" } : VirtualProgram.Taking(5);
        scene.Start((PoolScene.Queue(maxConcurrent: 4), Of(protocol)));
        scene.Enqueue(13);
        scene.Time.RunFor(TimeSpan.FromMinutes(5));
        bad = false;
        var before = scene.World.Processes.Count;
        scene.Time.RunUntil(() => scene.World.Processes.Count > before, TimeSpan.FromMinutes(2)).ShouldBeTrue();
        scene.Time.RunFor(TimeSpan.FromSeconds(4));
        scene.World.Living.Count().ShouldBe(1, "one tries first");
        scene.Time.RunFor(TimeSpan.FromSeconds(2));
        scene.World.Living.Count().ShouldBe(4);
        scene.RunUntilEnded();
        scene.ShouldBeEven();
    }

    [Fact]
    public void Many_that_crash_in_one_moment_are_one_crash()
    {
        var scene = new PoolScene { Program = static (_, count) => count <= 20 ? new VirtualProgram { NeverStarts = "no memory" } : VirtualProgram.Taking(1) };
        scene.Start((PoolScene.Queue(maxConcurrent: 20), PoolScene.Job));
        var began = scene.Time.Now;
        scene.Enqueue(20);
        scene.RunUntilEnded();
        (scene.Time.Now - began).ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_worker_that_dies_costs_its_job_an_attempt_and_those_behind_it_nothing()
    {
        var scene = new PoolScene();
        scene.Program = (_, count) => new VirtualProgram { Work = async task => { await task.Delay(TimeSpan.FromSeconds(1)); if (count == 1) { task.Process.Die(-11); } } };
        scene.Start((PoolScene.Queue(maxConcurrent: 3, retries: 1), PoolScene.Stream with { Prefetch = 3 }));
        var jobs = scene.Enqueue(3);
        scene.RunUntilEnded();
        scene.AttemptsOf(jobs[0])[0].Outcome.ShouldBe(AttemptOutcome.Lost);
        scene.AttemptsOf(jobs[0])[0].Error!.ShouldContain("signal 11");
        scene.JobOf(jobs[0]).Attempt.ShouldBe(2);
        scene.JobOf(jobs[1]).Attempt.ShouldBe(1);
        scene.JobOf(jobs[2]).Attempt.ShouldBe(1);
        scene.Tally().Completed.ShouldBe(3);
        scene.ShouldBeEven();
    }

    [Fact]
    public void Closing_standard_output_ends_a_process_and_its_job_is_lost_not_timed_out()
    {
        var scene = new PoolScene();
        scene.Program = (_, count) => new VirtualProgram { Work = async task => { if (count == 1) { task.Process.CloseOutput(); await VirtualTask.Forever(); } } };
        scene.Start((PoolScene.Queue(maxConcurrent: 1, retries: 1), PoolScene.Stream));
        var job = scene.Enqueue(1)[0];
        scene.RunUntilEnded(TimeSpan.FromSeconds(10));
        scene.AttemptsOf(job)[0].Outcome.ShouldBe(AttemptOutcome.Lost);
        scene.AttemptsOf(job)[0].Error!.ShouldContain("closed its standard output");
        scene.JobOf(job).Status.ShouldBe(JobStatus.Completed);
    }
}
