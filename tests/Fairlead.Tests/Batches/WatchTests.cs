using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Tests.Batches;

/// <summary>A batch followed while it is worked on: what a table that shows its progress is told, in virtual time.</summary>
public sealed class WatchTests
{
    [Theory]
    [InlineData(10, 35, "0 10 20 30 35")]
    [InlineData(10, 30, "0 10 20 30")]
    [InlineData(100, 35, "0 35")]
    [InlineData(1, 3, "0 1 2 3")]
    public async Task It_tells_of_every_so_many_items_and_of_the_end(int every, int items, string expected)
    {
        await using var harness = Harness(slots: 1);
        var batch = await harness.Jobs.EnqueueBatchAsync(Works(items));
        var seen = await WatchAsync(harness, batch.Id, every);
        string.Join(' ', seen.Select(static job => job.BatchState!.Items.Ended)).ShouldBe(expected);
        (seen[^1].Status, seen[^1].BatchState!.Items.Completed).ShouldBe((JobStatus.Completed, items));
        seen.ShouldAllBe(job => job.BatchState!.Items.Total == items);
    }

    [Fact]
    public async Task A_caller_that_is_busy_is_told_the_newest_state_and_not_every_one()
    {
        await using var harness = Harness(slots: 8);
        var batch = await harness.Jobs.EnqueueBatchAsync(Works(80));
        var seen = await WatchAsync(harness, batch.Id, every: 8, busyFor: TimeSpan.FromSeconds(2.5));
        // Eight items end every second: a state each second is there, one each two and a half is taken.
        string.Join(' ', seen.Select(static job => job.BatchState!.Items.Ended)).ShouldBe("0 16 40 56 80");
    }

    [Fact]
    public async Task One_that_begins_late_is_told_where_things_stand_and_one_that_comes_after_the_end_is_told_the_end()
    {
        await using var harness = Harness(slots: 1);
        var batch = await harness.Jobs.EnqueueBatchAsync(Works(25));
        await harness.RunForAsync(TimeSpan.FromSeconds(13.5));
        string.Join(' ', (await WatchAsync(harness, batch.Id, 10)).Select(static job => job.BatchState!.Items.Ended)).ShouldBe("13 20 25");
        (await WatchAsync(harness, batch.Id, 10)).ShouldHaveSingleItem().Status.ShouldBe(JobStatus.Completed);
    }

    [Fact]
    public async Task A_cancelled_batch_ends_the_watch_and_its_counters_add_up()
    {
        await using var harness = Harness(slots: 2);
        var batch = await harness.Jobs.EnqueueBatchAsync(Works(25));
        var watching = harness.Time.StartAsync(async () =>
        {
            await foreach (var job in harness.Jobs.WatchAsync(batch.Id, 10))
            {
                if (job.BatchState!.Items.Ended == 10)
                {
                    await harness.Jobs.CancelAsync(batch.Id);
                }
            }
        });
        await harness.RunForAsync(TimeSpan.FromSeconds(6));
        await watching;
        var ended = (await harness.Jobs.GetAsync(batch.Id))!;
        ended.Status.ShouldBe(JobStatus.Cancelled);
        (ended.BatchState!.Items.Completed, ended.BatchState.Items.Cancelled, ended.BatchState.Items.Total).ShouldBe((10, 15, 25));
    }

    [Fact]
    public async Task Without_signals_the_poll_sees_the_end()
    {
        await using var harness = Harness(slots: 1, static time => new FaultyJobStore(new InMemoryJobStore(time), time) { Deaf = true });
        var batch = await harness.Jobs.EnqueueBatchAsync(Works(3));
        var seen = await WatchAsync(harness, batch.Id, 1);
        seen[^1].Status.ShouldBe(JobStatus.Completed);
    }

    [Fact]
    public async Task Of_a_job_it_tells_what_its_attempt_reports()
    {
        await using var harness = Harness(slots: 1);
        var job = await harness.Jobs.EnqueueAsync(new Pages(30));
        var seen = await WatchAsync(harness, job.Id, 10);
        seen.Select(static state => state.Progress?.Processed ?? 0).Distinct().Count().ShouldBeGreaterThan(2);
        seen[^1].Status.ShouldBe(JobStatus.Completed);
    }

    [Fact]
    public async Task A_step_of_nothing_and_a_job_that_is_not_there_are_errors()
    {
        await using var harness = Harness(slots: 1);
        Should.Throw<ArgumentOutOfRangeException>(() => harness.Jobs.WatchAsync(new JobId(1), 0));
        await Should.ThrowAsync<KeyNotFoundException>(async () => await WatchAsync(harness, new JobId(99), 1));
    }

    private static FairleadHarness Harness(int slots, Func<TimeProvider, IJobStore>? store = null) => new(f =>
    {
        f.AddJob("work", static (Work _, TimeProvider time, CancellationToken stop) => Task.Delay(TimeSpan.FromSeconds(1), time, stop))
            .AddJob("pages", static async (Pages job, JobContext context, TimeProvider time) =>
            {
                for (var page = 1; page <= job.Count; page++)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), time);
                    context.ReportProgress(page, job.Count);
                }
            })
            .RunWorkers(options => options.Concurrency = slots);
        if (store is not null)
        {
            f.UseStore((_, time) => store(time));
        }
    });

    private static IEnumerable<Work> Works(int count) => Enumerable.Range(0, count).Select(static number => new Work(number));

    private static async Task<List<Job>> WatchAsync(FairleadHarness harness, JobId id, int every, TimeSpan busyFor = default)
    {
        var seen = new List<Job>();
        var watching = harness.Time.StartAsync(async () =>
        {
            await foreach (var job in harness.Jobs.WatchAsync(id, every))
            {
                seen.Add(job);
                await Task.Delay(busyFor, harness.Time);
            }
        });
        for (var minutes = 0; !watching.IsCompleted && minutes < 10; minutes++)
        {
            await harness.RunForAsync(TimeSpan.FromMinutes(1));
        }
        watching.IsCompleted.ShouldBeTrue("the watch ends with what it watches");
        await watching;
        return seen;
    }

    private sealed record Work(int Number);

    private sealed record Pages(int Count);
}
