using Fairlead.Diagnostics;
using Fairlead.Processes.Pools;
using Fairlead.Storage;

namespace Fairlead.Tests.Pools;

/// <summary>What a process may take, and what becomes of it and its jobs when it takes more.</summary>
public sealed class PoolLimitsTests
{
    public static TheoryData<string> Protocols => ["job", "stream"];

    private static PoolOptions Of(string protocol) => protocol == "job" ? PoolScene.Job : PoolScene.Stream;

    [Theory, MemberData(nameof(Protocols))]
    public void A_job_that_takes_too_long_is_ended_and_its_place_is_free(string protocol)
    {
        var scene = new PoolScene { Program = static (_, count) => VirtualProgram.Taking(count == 1 ? 1000 : 1) with { OnTerm = null } };
        scene.Start((PoolScene.Queue(maxConcurrent: 1, timeout: TimeSpan.FromSeconds(15)), Of(protocol)));
        var jobs = scene.Enqueue(2);
        scene.RunUntilEnded();
        scene.JobOf(jobs[0]).LastOutcome.ShouldBe(AttemptOutcome.TimedOut);
        scene.JobOf(jobs[1]).Status.ShouldBe(JobStatus.Completed);
        var life = scene.World.Processes[0].EndedAt - scene.World.Processes[0].StartedAt;
        life!.Value.ShouldBeInRange(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20.2), "15 s, and 5 s because it ignores SIGTERM");
        scene.Report().Ends[WorkerEnd.TimedOut].ShouldBe(1);
        scene.ShouldBeEven();
    }

    [Fact]
    public void With_protocol_job_a_process_is_ended_at_max_runtime()
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(1000) };
        scene.Start((PoolScene.Queue(maxConcurrent: 1), PoolScene.Job with { MaxRuntime = TimeSpan.FromSeconds(30) }));
        var job = scene.Enqueue(1)[0];
        scene.RunUntilEnded();
        scene.JobOf(job).Error!.ShouldContain("max_runtime");
        scene.JobOf(job).LastOutcome.ShouldBe(AttemptOutcome.TimedOut);
        scene.Report().Ends[WorkerEnd.MaxRuntime].ShouldBe(1);
        (scene.World.Processes[0].EndedAt - scene.World.Processes[0].StartedAt)!.Value.ShouldBeInRange(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30.1));
    }

    [Fact]
    public void With_protocol_stream_a_process_gets_no_job_after_max_runtime_and_none_takes_longer()
    {
        var scene = new PoolScene { Program = static (_, count) => VirtualProgram.Taking(count <= 2 ? 4 : 1000) };
        scene.Start((PoolScene.Queue(maxConcurrent: 1), PoolScene.Stream with { MaxRuntime = TimeSpan.FromSeconds(10) }));
        var jobs = scene.Enqueue(7);
        scene.RunUntilEnded();
        scene.World.Runs.Take(3).Select(static run => run.Process).Distinct().Count().ShouldBe(1, "three of 4 s begin within 10 s");
        (scene.World.Processes[0].EndedAt - scene.World.Processes[0].StartedAt)!.Value.ShouldBeInRange(TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(12.2));
        jobs.Take(6).ShouldAllBe(job => scene.JobOf(job).Status == JobStatus.Completed);
        scene.JobOf(jobs[6]).Error!.ShouldContain("max_runtime");
        scene.ShouldBeEven();
    }

    [Theory, MemberData(nameof(Protocols))]
    public void What_holds_too_much_memory_is_ended_and_its_attempt_failed(string protocol)
    {
        var scene = new PoolScene { Program = static (_, count) => VirtualProgram.Taking(count == 1 ? 100 : 1) with { Memory = age => (long)age.TotalSeconds * (10 << 20), OnTerm = null } };
        scene.Start((PoolScene.Queue(maxConcurrent: 1, retries: 1), Of(protocol) with { MaxMemory = 50 << 20 }));
        var job = scene.Enqueue(1)[0];
        scene.RunUntilEnded();
        scene.Report().Ends[WorkerEnd.MaxMemory].ShouldBe(1);
        (scene.World.Processes[0].EndedAt - scene.World.Processes[0].StartedAt)!.Value.ShouldBeInRange(TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(9), "seen within a second, ended a second later");
        scene.AttemptsOf(job)[0].Outcome.ShouldBe(AttemptOutcome.Failed);
        scene.AttemptsOf(job)[0].Error!.ShouldContain("max_memory");
        scene.JobOf(job).Status.ShouldBe(JobStatus.Completed);
        scene.ShouldBeEven();
    }

    [Fact]
    public void Each_prefetched_jobs_time_counts_from_its_turn()
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(10) };
        scene.Start((PoolScene.Queue(maxConcurrent: 4, timeout: TimeSpan.FromSeconds(15)), PoolScene.Stream with { Prefetch = 4 }));
        scene.Enqueue(12);
        scene.RunUntilEnded();
        scene.World.Processes.Count.ShouldBe(1);
        scene.Tally().Completed.ShouldBe(12);
        scene.ShouldBeEven();
    }

    [Fact]
    public void A_prefetched_job_that_hangs_is_ended_after_its_own_time_and_those_behind_it_lose_nothing()
    {
        var scene = new PoolScene();
        scene.Program = (_, _) => new VirtualProgram { Work = task => task.Payload.GetInt32() == 2 ? VirtualTask.Forever() : task.Delay(TimeSpan.FromSeconds(10)) };
        scene.Start((PoolScene.Queue(maxConcurrent: 4, timeout: TimeSpan.FromSeconds(15)), PoolScene.Stream with { Prefetch = 4 }));
        scene.Enqueue(1);
        var hung = scene.Enqueue(1, payload: "2")[0];
        var behind = scene.Enqueue(2);
        scene.RunUntilEnded();
        scene.JobOf(hung).LastOutcome.ShouldBe(AttemptOutcome.TimedOut);
        var run = scene.World.Runs.First(run => run.Job == hung.Value);
        (run.To - run.From)!.Value.ShouldBeInRange(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15.2));
        foreach (var job in behind)
        {
            scene.JobOf(job).Status.ShouldBe(JobStatus.Completed);
            scene.JobOf(job).Attempt.ShouldBe(1, "what was never begun costs nothing");
        }
        scene.ShouldBeEven();
    }

    [Theory, MemberData(nameof(Protocols))]
    public void An_operator_ends_one_worker_and_nothing_else(string protocol)
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(60) };
        scene.Start((PoolScene.Queue(maxConcurrent: 2, retries: 1), Of(protocol)));
        var jobs = scene.Enqueue(2);
        scene.Time.RunFor(TimeSpan.FromSeconds(5));
        var (victim, survivor) = (scene.Report().Workers[0], scene.Report().Workers[1]);
        scene.Time.Run(async () => await scene.Store.EndWorkersAsync(victim.Id)).ShouldBe(1);
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        scene.World.Living.ShouldContain(process => process.Pid == survivor.Pid);
        scene.World.Living.ShouldNotContain(process => process.Pid == victim.Pid);
        scene.RunUntilEnded();
        var attempt = scene.AttemptsOf(victim.Job!.Value)[0];
        attempt.Outcome.ShouldBe(AttemptOutcome.Lost);
        attempt.Error!.ShouldContain("operator");
        jobs.ShouldAllBe(job => scene.JobOf(job).Status == JobStatus.Completed);
        scene.Report().Ends[WorkerEnd.Ended].ShouldBe(1);
        scene.ShouldBeEven();
    }

    [Fact]
    public void A_job_that_is_cancelled_and_answers_leaves_its_process_as_it_is()
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(60) with { HearsCancel = true } };
        scene.Start((PoolScene.Queue(maxConcurrent: 2), PoolScene.Stream with { Prefetch = 2 }));
        var jobs = scene.Enqueue(2);
        scene.Time.RunFor(TimeSpan.FromSeconds(5));
        scene.Time.Run(async () => await scene.Store.CancelAsync(jobs[0]));
        scene.Time.RunFor(TimeSpan.FromSeconds(1));
        scene.JobOf(jobs[0]).Status.ShouldBe(JobStatus.Cancelled);
        scene.RunUntilEnded();
        scene.JobOf(jobs[1]).Status.ShouldBe(JobStatus.Completed);
        scene.World.Processes.Count.ShouldBe(1);
        scene.ShouldBeEven();
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_process_that_ignores_a_cancellation_is_ended_and_what_stood_behind_it_costs_nothing(bool heedsSignals)
    {
        var scene = new PoolScene { Program = (_, _) => VirtualProgram.Taking(60) with { OnTerm = heedsSignals ? TimeSpan.FromMilliseconds(10) : null } };
        scene.Start((PoolScene.Queue(maxConcurrent: 4), PoolScene.Stream with { Prefetch = 4 }));
        var jobs = scene.Enqueue(4);
        scene.Time.RunFor(TimeSpan.FromSeconds(5));
        scene.Time.Run(async () => await scene.Store.CancelAsync(jobs[0]));
        var asked = scene.Time.Now;
        scene.Time.RunUntil(() => scene.Store.GetJobAsync(jobs[0]).Result!.Status == JobStatus.Cancelled, TimeSpan.FromMinutes(1)).ShouldBeTrue();
        (scene.Time.Now - asked).ShouldBeLessThan(TimeSpan.FromSeconds(5.2), "kill_after is 5 s");
        scene.RunUntilEnded();
        foreach (var job in jobs.Skip(1))
        {
            scene.JobOf(job).Status.ShouldBe(JobStatus.Completed);
            scene.JobOf(job).Attempt.ShouldBe(1);
        }
        scene.Report().Ends[WorkerEnd.Cancelled].ShouldBe(1);
        scene.ShouldBeEven();
    }

    [Fact]
    public void A_prefetched_job_that_is_cancelled_is_given_time_from_its_turn()
    {
        var scene = new PoolScene { Program = static (_, _) => VirtualProgram.Taking(20) with { HearsCancel = false } };
        scene.Start((PoolScene.Queue(maxConcurrent: 3), PoolScene.Stream with { Prefetch = 3 }));
        var jobs = scene.Enqueue(3);
        scene.Time.RunFor(TimeSpan.FromSeconds(5));
        scene.Time.Run(async () => await scene.Store.CancelAsync(jobs[1]));
        scene.RunUntilEnded();
        scene.JobOf(jobs[0]).Status.ShouldBe(JobStatus.Completed, "the one before it is left in peace");
        scene.JobOf(jobs[1]).Status.ShouldBe(JobStatus.Cancelled);
        scene.JobOf(jobs[2]).Status.ShouldBe(JobStatus.Completed);
        var run = scene.World.Runs.First(run => run.Job == jobs[1].Value);
        (run.To - run.From)!.Value.ShouldBeInRange(TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(3));
        scene.ShouldBeEven();
    }

    [Fact]
    public void Time_spent_waiting_for_permits_does_not_count()
    {
        var scene = new PoolScene(new NamedLimit("slow", new Rate(1, TimeSpan.FromSeconds(0.9))));
        scene.Program = static (_, _) => new VirtualProgram
        {
            Work = async task =>
            {
                for (var i = 0; i < 10; i++)
                {
                    task.Say($$"""{"acquire":"slow","for":{{task.Job}}}""");
                    (await task.HearAsync()).GetProperty("permit").GetString().ShouldBe("slow");
                    await task.Delay(TimeSpan.FromSeconds(0.1));
                }
            },
        };
        scene.Start((PoolScene.Queue(maxConcurrent: 1, timeout: TimeSpan.FromSeconds(2)), PoolScene.Stream));
        var job = scene.Enqueue(1)[0];
        scene.RunUntilEnded();
        scene.JobOf(job).Status.ShouldBe(JobStatus.Completed, scene.JobOf(job).Error);
        var run = scene.World.Runs[0];
        (run.To - run.From)!.Value.ShouldBeGreaterThan(TimeSpan.FromSeconds(6));
    }

    [Fact]
    public void A_permit_that_is_not_to_be_had_is_refused_and_the_clock_goes_on()
    {
        var scene = new PoolScene(new NamedLimit("rare", new Rate(1, TimeSpan.FromSeconds(30))));
        var refused = new List<string>();
        scene.Program = (_, _) => new VirtualProgram
        {
            Work = async task =>
            {
                foreach (var limit in new[] { "rare", "rare", "unknown" })
                {
                    task.Say($$"""{"acquire":"{{limit}}","for":{{task.Job}}}""");
                    refused.Add((await task.HearAsync()).ToString());
                }
                await VirtualTask.Forever();
            },
        };
        scene.Start((PoolScene.Queue(maxConcurrent: 1, timeout: TimeSpan.FromSeconds(5)), PoolScene.Stream));
        var job = scene.Enqueue(1)[0];
        scene.RunUntilEnded();
        refused[0].ShouldContain("\"permit\":\"rare\"");
        refused[1].ShouldContain("\"refused\":\"rare\"");
        refused[2].ShouldContain("\"refused\":\"unknown\"");
        scene.JobOf(job).LastOutcome.ShouldBe(AttemptOutcome.TimedOut);
        scene.ShouldBeEven();
    }
}
