namespace Fairlead.Sqlite.Tests;

public sealed class RacingTickersTests
{
    [Fact]
    public async Task Processes_that_race_for_the_same_times_and_are_killed_start_each_round_once()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        await store.JoinAsync(TempStore.Registration() with { Schedules = [RacingTickers.Schedule] });
        var chance = new Random(5);
        using var patient = Child.Start("ticker", temp.Path);
        (await patient.LineAsync()).ShouldBe("ready");
        for (var killed = 0; killed < 6; killed++)
        {
            using var child = Child.Start("ticker", temp.Path);
            (await child.LineAsync()).ShouldBe("ready");
            // Let it write a while: until so many more rounds are there.
            var until = (await store.ListSchedulesAsync()).Single().State.Started + chance.Next(1, 40);
            while ((await store.ListSchedulesAsync()).Single().State.Started is var started && started < Math.Min(until, RacingTickers.Rounds))
            {
                await Task.Yield();
            }
            child.Kill();
        }
        (await patient.LineAsync()).ShouldBe("done");

        var state = (await store.ListSchedulesAsync()).Single().State;
        var jobs = (await store.ListJobsAsync(new() { Queue = "q", Limit = 1000 })).Jobs;
        ((long)jobs.Count).ShouldBe(state.Started);
        jobs.Select(job => job.ScheduledFor).Distinct().Count().ShouldBe(jobs.Count);
        jobs.Select(job => job.Id).ShouldBe(state.Open.Select(round => round.Job!.Value), ignoreOrder: true);
        var times = jobs.Select(job => job.ScheduledFor!.Value).Order().ToList();
        times.Zip(times.Skip(1), (one, next) => next - one).ShouldAllBe(gap => gap == TimeSpan.FromMilliseconds(1));
    }
}
