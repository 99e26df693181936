using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Tests.Engine;

/// <summary>Timeouts, cancellation, abandoned work and stopping, on the real engine in virtual time.</summary>
public sealed class StoppingTests
{
    [Fact]
    public async Task Each_tier_of_payloads_has_its_own_timeout()
    {
        await using var harness = new FairleadHarness(f => f
            .AddJob("tiered", async (Tiered _, TimeProvider time, CancellationToken cancelled) => await Task.Delay(TimeSpan.FromSeconds(20), time, cancelled))
            .AddQueue("default", q =>
            {
                q.Timeout = TimeSpan.FromSeconds(10);
                q.TimeoutBy = new("/tier", new Dictionary<string, TimeSpan> { ["1"] = TimeSpan.FromSeconds(30), ["slow"] = TimeSpan.FromSeconds(30) });
                q.Retries = 0;
            }));
        object?[] tiers = [1, "1", "slow", 2, "other", null];
        var jobs = new List<JobHandle>();
        foreach (var tier in tiers)
        {
            jobs.Add(await harness.Jobs.EnqueueAsync(new Tiered(tier)));
        }
        var own = await harness.Jobs.EnqueueAsync(new Tiered(1), new JobOptions { Timeout = TimeSpan.FromSeconds(5) });
        await harness.RunUntilIdleAsync();

        var ends = new List<AttemptOutcome?>();
        foreach (var job in jobs.Append(own))
        {
            ends.Add((await harness.Jobs.GetAsync(job.Id))!.LastOutcome);
        }
        const AttemptOutcome Done = AttemptOutcome.Completed;
        const AttemptOutcome Late = AttemptOutcome.TimedOut;
        ends.ShouldBe([Done, Done, Done, Late, Late, Late, Late]);
    }

    private sealed record Tiered(object? Tier);

    [Fact]
    public async Task A_handler_that_listens_is_timed_out_at_its_timeout()
    {
        await using var harness = new FairleadHarness(f => f
            .AddQueue("default", q => { q.Timeout = TimeSpan.FromSeconds(10); q.Retries = 0; })
            .AddJob("wait", (Wait job, TimeProvider time, CancellationToken token) => Task.Delay(job.Time, time, token)));

        var job = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromHours(1)));
        await harness.RunUntilIdleAsync();

        var ended = (await harness.Jobs.GetAsync(job.Id))!;
        (ended.Status, ended.LastOutcome).ShouldBe((JobStatus.Failed, AttemptOutcome.TimedOut));
        (ended.EndedAt - ended.StartedAt)!.Value.ShouldBeInRange(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10.2));
    }

    [Fact]
    public async Task A_handler_that_ignores_its_token_loses_its_slot_at_timeout_plus_kill_after()
    {
        await using var harness = new FairleadHarness(f => f
            .AddQueue("default", q => { q.Timeout = TimeSpan.FromSeconds(10); q.KillAfter = TimeSpan.FromSeconds(5); q.Retries = 0; q.MaxConcurrent = 1; })
            .AddJob("wait", (Wait job, TimeProvider time) => Task.Delay(job.Time, time)));

        var deaf = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromHours(1)), new JobOptions { UniqueKey = "k" });
        var next = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromSeconds(1)));
        await harness.RunForAsync(TimeSpan.FromSeconds(17));

        var (first, second) = ((await harness.Jobs.GetAsync(deaf.Id))!, (await harness.Jobs.GetAsync(next.Id))!);
        (first.Status, first.LastOutcome).ShouldBe((JobStatus.Failed, AttemptOutcome.TimedOut));
        first.Error!.ShouldContain("abandoned");
        second.Status.ShouldBe(JobStatus.Completed);
        (second.StartedAt - first.StartedAt)!.Value.ShouldBeInRange(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15.2));
        (await harness.Store.ListQueuesAsync())[0].Abandoned.ShouldBe(1);
        (await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.Zero), new JobOptions { UniqueKey = "k" })).ShouldBe(new JobHandle(deaf.Id, Existing: true));

        await harness.RunForAsync(TimeSpan.FromHours(1));

        (await harness.Store.ListQueuesAsync())[0].Abandoned.ShouldBe(0);
        (await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.Zero), new JobOptions { UniqueKey = "k" })).Existing.ShouldBeFalse();
    }

    [Fact]
    public async Task A_running_job_is_cancelled_within_a_heartbeat_and_not_run_again()
    {
        await using var harness = new FairleadHarness(f => f.AddJob("wait", (Wait job, TimeProvider time, CancellationToken token) => Task.Delay(job.Time, time, token)));

        var job = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromHours(1)));
        await harness.RunForAsync(TimeSpan.FromSeconds(5));
        (await harness.Jobs.CancelAsync(job.Id)).ShouldBe(new CancelResult(0, 1));
        await harness.RunForAsync(TimeSpan.FromSeconds(1));

        (await harness.Jobs.GetAsync(job.Id))!.Status.ShouldBe(JobStatus.Cancelled);
    }

    [Fact]
    public async Task A_cancelled_handler_that_ignores_its_token_loses_its_slot_at_timeout_plus_kill_after()
    {
        await using var harness = new FairleadHarness(f => f
            .AddQueue("default", q => { q.Timeout = TimeSpan.FromSeconds(10); q.KillAfter = TimeSpan.FromSeconds(5); })
            .AddJob("wait", (Wait job, TimeProvider time) => Task.Delay(job.Time, time)));

        var deaf = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromHours(1)));
        await harness.RunForAsync(TimeSpan.FromSeconds(5));
        await harness.Jobs.CancelAsync(deaf.Id);
        await harness.RunForAsync(TimeSpan.FromSeconds(12));

        (await harness.Jobs.GetAsync(deaf.Id))!.Status.ShouldBe(JobStatus.Cancelled);
        (await harness.Store.ListQueuesAsync())[0].Abandoned.ShouldBe(1);
    }

    [Fact]
    public async Task A_stopping_node_drains_and_hands_back_what_does_not_end_in_time()
    {
        await using var harness = new FairleadHarness(f => f.AddJob("wait", (Wait job, TimeProvider time, CancellationToken token) => Task.Delay(job.Time, time, token)));
        var quick = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromSeconds(5)));
        var slow = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromHours(1)));
        await harness.RunForAsync(TimeSpan.FromSeconds(1));

        await harness.StopAsync(drain: TimeSpan.FromSeconds(10));

        (await harness.Jobs.GetAsync(quick.Id))!.Status.ShouldBe(JobStatus.Completed);
        var left = (await harness.Jobs.GetAsync(slow.Id))!;
        (left.Status, left.Attempt).ShouldBe((JobStatus.Queued, 0));
    }

    [Fact]
    public async Task Slow_attempts_are_said_to_be_slow_once()
    {
        await using var harness = new FairleadHarness(f => f
            .AddQueue("default", q => q.SlowAfter = TimeSpan.FromMinutes(1))
            .AddJob("wait", (Wait job, TimeProvider time) => Task.Delay(job.Time, time)));

        var job = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromMinutes(34)));
        await harness.RunUntilIdleAsync();

        (await harness.Store.ReadLogAsync(job.Id)).Lines.ShouldHaveSingleItem().Message.ShouldContain("Slow");
    }

    [Fact]
    public async Task A_job_past_its_deadline_is_failed_and_says_so()
    {
        await using var harness = new FairleadHarness(f => f.AddJob("wait", (Wait job, TimeProvider time, CancellationToken token) => Task.Delay(job.Time, time, token)));

        var waiting = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.Zero), new JobOptions { Delay = TimeSpan.FromHours(2), Deadline = TimeSpan.FromHours(1) });
        var running = await harness.Jobs.EnqueueAsync(new Wait(TimeSpan.FromHours(5)), new JobOptions { Deadline = TimeSpan.FromHours(1) });
        await harness.RunForAsync(TimeSpan.FromMinutes(61));

        var (first, second) = ((await harness.Jobs.GetAsync(waiting.Id))!, (await harness.Jobs.GetAsync(running.Id))!);
        first.Status.ShouldBe(JobStatus.Failed);
        first.Error!.ShouldContain("deadline");
        second.Status.ShouldBe(JobStatus.Failed);
    }

    public sealed record Wait(TimeSpan Time);
}
