using Fairlead.Diagnostics;
using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Tests.Diagnostics;

/// <summary>An explanation adds up, and names what was recorded.</summary>
public sealed class ExplainerTests
{
    [Fact]
    public async Task Both_columns_of_a_batch_add_up_and_waiting_for_slots_is_called_so()
    {
        await using var harness = new FairleadHarness(f => f
            .AddQueue("default", q => q.MaxConcurrent = 5)
            .AddJob("wait", (Wait job, TimeProvider time) => Task.Delay(job.Time, time)));
        var batch = await harness.Jobs.EnqueueBatchAsync(Enumerable.Repeat(new Wait(TimeSpan.FromSeconds(7)), 165));
        await harness.RunUntilIdleAsync();

        var it = (await Explainer.ExplainAsync(harness.Store, batch.Id, harness.Time.Now))!;

        AddsUp(it);
        it.WallSeconds.ShouldBe(231, tolerance: 2);
        it.Slots.ShouldBe(5);
        it.BoundSeconds.ShouldBe(231, tolerance: 1);
        Share(it, WaitCause.Slot).ShouldBeGreaterThan(0.9);
        Share(it, WaitCause.Start).ShouldBeLessThan(0.02);
        it.Advice[0].Change.ShouldBe("max_concurrent: 10");
        it.Advice[0].SavesSeconds.ShouldBe(112, tolerance: 5);
    }

    [Fact]
    public async Task The_attempts_that_held_the_slots_are_named_with_what_they_cost()
    {
        await using var harness = new FairleadHarness(f => f
            .AddQueue("default", q => q.MaxConcurrent = 5)
            .AddJob("wait", (Wait job, TimeProvider time) => Task.Delay(job.Time, time)));
        var batch = await harness.Jobs.EnqueueBatchAsync(Enumerable.Range(0, 165).Select(n => new Wait(TimeSpan.FromSeconds(n is 0 or 40 or 80 or 120 ? 34 * 60 : 7))));
        await harness.RunUntilIdleAsync();

        var it = (await Explainer.ExplainAsync(harness.Store, batch.Id, harness.Time.Now))!;

        AddsUp(it);
        it.Holders.Select(holder => holder.Job.Value - batch.Id.Value - 1).Order().ShouldBe([0, 40, 80, 120]);
        it.EffectiveSlots.ShouldBeLessThan(3);
        it.Advice[0].Change.ShouldBe("timeout: 14s");
    }

    [Fact]
    public async Task Pauses_delays_retries_and_absent_nodes_each_have_their_cause()
    {
        await using var harness = new FairleadHarness(f => f
            .AddQueue("default", q => { q.BackoffFirst = TimeSpan.FromMinutes(10); q.BackoffMax = TimeSpan.FromMinutes(10); })
            .AddJob("flaky", (Flaky _, JobContext context) => context.Attempt == 1 ? throw new InvalidOperationException() : "ok"));
        var absent = (await harness.Store.EnqueueAsync([new NewJob { Queue = "default", Kind = new JobKind("unknown"), Payload = "{}"u8.ToArray() }]))[0].Id;
        await harness.Jobs.PauseAsync("default");
        var delayed = (await harness.Jobs.EnqueueAsync(new Flaky(1), new JobOptions { Delay = TimeSpan.FromMinutes(1) })).Id;
        await harness.RunForAsync(TimeSpan.FromMinutes(3));
        await harness.Jobs.ResumeAsync("default");
        await harness.RunForAsync(TimeSpan.FromMinutes(30));

        var it = (await Explainer.ExplainAsync(harness.Store, delayed, harness.Time.Now))!;
        AddsUp(it);
        Seconds(it, WaitCause.Scheduled).ShouldBe(60, tolerance: 0.1);
        Seconds(it, WaitCause.Paused).ShouldBe(120, tolerance: 0.1);
        Seconds(it, WaitCause.Retry).ShouldBeInRange(30, 600);

        var unserved = (await Explainer.ExplainAsync(harness.Store, absent, harness.Time.Now))!;
        AddsUp(unserved);
        Seconds(unserved, WaitCause.NoNode).ShouldBe(30 * 60, tolerance: 1);
    }

    [Fact]
    public async Task Work_that_a_limit_binds_is_bounded_by_it_and_more_slots_are_not_advised()
    {
        await using var harness = new FairleadHarness(f => f
            .AddLimit("api", 5.PerSecond())
            .AddQueue("default", q => { q.MaxConcurrent = 4; q.Limits.Add("api"); })
            .AddJob("wait", (Wait job, TimeProvider time) => Task.Delay(job.Time, time)));
        var batch = await harness.Jobs.EnqueueBatchAsync(Enumerable.Repeat(new Wait(TimeSpan.FromMilliseconds(300)), 101));
        await harness.RunUntilIdleAsync();

        var it = (await Explainer.ExplainAsync(harness.Store, batch.Id, harness.Time.Now))!;

        AddsUp(it);
        it.WallSeconds.ShouldBe(20.3, tolerance: 0.2);
        (it.BoundSeconds, it.Binding).ShouldBe((20, "limit api"));
        Share(it, WaitCause.Limit).ShouldBeGreaterThan(0.9);
        it.Advice.ShouldBeEmpty();
        ExplanationText.Write(it).ShouldContain("limit 'api' gives its permits no faster");
    }

    private static void AddsUp(Explanation it)
    {
        it.Causes.Sum(cause => cause.WallShare).ShouldBe(1, tolerance: 1e-6);
        it.Causes.Sum(cause => cause.JobShare).ShouldBe(1, tolerance: 1e-6);
        it.Causes.Sum(cause => cause.WallSeconds).ShouldBe(it.WallSeconds, tolerance: 1e-3);
        it.Causes.Sum(cause => cause.JobSeconds).ShouldBe(it.JobSeconds, tolerance: 1e-3);
    }

    private static double Share(Explanation it, WaitCause cause) => it.Causes.Where(share => share.Cause == cause).Sum(share => share.JobShare);

    private static double Seconds(Explanation it, WaitCause cause) => it.Causes.Where(share => share.Cause == cause).Sum(share => share.JobSeconds);

    public sealed record Wait(TimeSpan Time);

    public sealed record Flaky(int N);
}
