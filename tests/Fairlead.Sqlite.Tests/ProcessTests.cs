using System.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.Sqlite.Tests;

public sealed class ProcessTests
{
    [Fact]
    public async Task Work_of_a_killed_process_is_ready_again_well_within_a_second()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        await store.EnqueueAsync([TempStore.Job(), TempStore.Job()]);
        using var child = Child.Start("hold", temp.Path);
        (await child.LineAsync()).ShouldBe("2");
        (await store.RescueAsync()).DeadNodes.ShouldBeEmpty();

        child.Kill();
        var began = Stopwatch.GetTimestamp();
        (await store.RescueAsync()).Requeued.ShouldBe(2);
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(1));
        (await store.ListQueuesAsync()).Single().Jobs.Queued.ShouldBe(2);
    }

    [Fact]
    public async Task Every_acknowledged_job_survives_kill_9_in_the_middle_of_a_storm()
    {
        await using var temp = new TempStore();
        using var child = Child.Start("storm", temp.Path);
        var acknowledged = new List<long>();
        while (acknowledged.Count < 2000)
        {
            acknowledged.Add(long.Parse(await child.LineAsync()));
        }
        child.Kill();
        while (await child.Output.ReadLineAsync() is { } line && long.TryParse(line, out var id))
        {
            acknowledged.Add(id);
        }
        var store = await temp.OpenAsync();
        foreach (var id in acknowledged.SkipLast(1))
        {
            (await store.GetJobAsync(new(id))).ShouldNotBeNull();
        }
        (await store.ListQueuesAsync()).Single().Jobs.Queued.ShouldBeGreaterThanOrEqualTo(acknowledged.Count - 1);
    }

    [Fact]
    public async Task Several_processes_enqueue_and_run_on_one_file_without_an_error()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        using var one = Child.Start("work", temp.Path);
        using var two = Child.Start("work", temp.Path);
        using var three = Child.Start("work", temp.Path);
        Child[] children = [one, two, three];
        foreach (var child in children)
        {
            (await child.LineAsync()).ShouldBe("enqueued");
        }
        foreach (var child in children)
        {
            await child.Input.WriteLineAsync();
        }
        foreach (var child in children)
        {
            (await child.LineAsync()).ShouldBe("done");
        }
        var jobs = (await store.ListQueuesAsync()).Single().Jobs;
        jobs.Completed.ShouldBe(600);
        jobs.Total.ShouldBe(600);
    }

    [Fact]
    public async Task A_file_that_could_not_be_written_costs_nobody_a_lease()
    {
        var clock = new Testing.ManualClock();
        await using var temp = new TempStore();
        var silent = await temp.OpenAsync(clock);
        var store = await temp.OpenAsync(clock);
        await silent.JoinAsync(TempStore.Registration());
        await store.EnqueueAsync([TempStore.Job()]);

        await using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={temp.Path};Pooling=False");
        other.Open();
        await using (other.BeginTransaction())
        {
            store.WatchWriting();
            var stalled = store.EnqueueAsync([TempStore.Job()]).AsTask();
            stalled.IsCompleted.ShouldBeFalse();
            await store.WritingAsync();
            clock.Advance(TimeSpan.FromSeconds(20));
            await other.CloseAsync();
            await stalled;
        }
        // The caller is answered after the store has judged the stall.
        (await store.RescueAsync()).DeadNodes.ShouldBeEmpty();
        clock.Advance(TimeSpan.FromSeconds(9));
        (await store.RescueAsync()).DeadNodes.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_stopped_process_loses_its_lease_when_it_has_been_silent_for_too_long()
    {
        var clock = new Testing.ManualClock();
        await using var temp = new TempStore();
        var silent = await temp.OpenAsync(clock);
        var store = await temp.OpenAsync(clock);
        await store.EnqueueAsync([TempStore.Job()]);
        var node = (await silent.JoinAsync(TempStore.Registration())).Node;
        await silent.ClaimAsync(TempStore.Request(node, 1));
        clock.Advance(TimeSpan.FromSeconds(7));
        (await store.RescueAsync()).DeadNodes.ShouldBeEmpty();
        clock.Advance(TimeSpan.FromSeconds(2));
        (await store.RescueAsync()).Requeued.ShouldBe(1);
        (await silent.HeartbeatAsync(node)).Held.ShouldBeFalse();
    }
}
