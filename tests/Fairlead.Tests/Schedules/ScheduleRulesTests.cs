using System.Globalization;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Tests.Schedules;

public sealed class ScheduleRulesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly Recurrence Hourly = new FixedRate(TimeSpan.FromHours(1)), AnHourAfter = new FixedDelay(TimeSpan.FromHours(1)), AtThree = new CronRecurrence("0 3 * * *");

    // First times

    [Fact]
    public void A_rate_and_a_delay_begin_at_once_and_a_calendar_with_its_next_time()
    {
        Declared(Hourly).State.NextDue.ShouldBe(Noon);
        Declared(AnHourAfter).State.NextDue.ShouldBe(Noon);
        Declared(AtThree).State.NextDue.ShouldBe(Noon.AddHours(15));
        Declared(new CronRecurrence("0 12 * * *")).State.NextDue.ShouldBe(Noon);
    }

    [Fact]
    public void A_rate_is_counted_from_its_beginning_however_late_rounds_are()
    {
        var all = Declared(Hourly);
        all.Run(Noon.AddSeconds(10)).ShouldBe(["start 12:00"]);
        all.End(Noon.AddMinutes(20));
        all.State.NextDue.ShouldBe(Noon.AddHours(1));
        all.Run(Noon.AddMinutes(60).AddTicks(-1)).ShouldBeEmpty();
        all.Run(Noon.AddMinutes(60)).ShouldBe(["start 13:00"]);
    }

    [Fact]
    public void A_delay_is_counted_from_the_end()
    {
        var all = Declared(AnHourAfter);
        all.Run(Noon);
        (all.State.NextDue, all.WakeAt).ShouldBe((null, null));
        all.Run(Noon.AddHours(5)).ShouldBeEmpty();
        all.End(Noon.AddHours(5));
        all.State.NextDue.ShouldBe(Noon.AddHours(6));
        all.Run(Noon.AddHours(9)).ShouldBe(["start 18:00"]);
        all.State.Missed.ShouldBe(0);
    }

    // Overlap

    [Fact]
    public void What_overlaps_is_left_out()
    {
        var all = Declared(Hourly);
        all.Run(Noon);
        all.Run(Noon.AddHours(1)).ShouldBe(["skip"]);
        (all.State.Skipped, all.State.Past[0].Due, all.State.Past[0].Job, all.State.Open.Count).ShouldBe((1, Noon.AddHours(1), null, 1));
        all.End(Noon.AddMinutes(61));
        all.Run(Noon.AddMinutes(119)).ShouldBeEmpty();
        all.Run(Noon.AddHours(2)).ShouldBe(["start 14:00"]);
    }

    [Fact]
    public void What_overlaps_waits_its_turn()
    {
        var all = Declared(Hourly, overlap: ScheduleOverlap.Queue);
        all.Run(Noon);
        all.Run(Noon.AddHours(1)).ShouldBe(["wait"]);
        all.Run(Noon.AddHours(2)).ShouldBe(["wait"]);
        all.WakeAt.ShouldBe(Noon.AddHours(3));
        all.End(Noon.AddMinutes(130));
        all.WakeAt.ShouldBe(Noon.AddHours(1));
        all.Run(Noon.AddMinutes(130)).ShouldBe(["start 13:00"]);
        all.End(Noon.AddMinutes(140));
        all.Run(Noon.AddMinutes(140)).ShouldBe(["start 14:00"]);
    }

    [Fact]
    public void No_more_than_a_thousand_wait()
    {
        var all = Declared(Hourly, overlap: ScheduleOverlap.Queue);
        for (var hour = 0; hour <= ScheduleRules.MostWaiting + 3; hour++)
        {
            all.Run(Noon.AddHours(hour));
        }
        (all.State.Waiting.Count, all.State.Skipped, all.State.Past.Count).ShouldBe((ScheduleRules.MostWaiting, 3, 3));
        all.State.Waiting[0].ShouldBe(Noon.AddHours(1));
    }

    [Fact]
    public void What_overlaps_takes_the_place_of_the_one_before_when_that_has_ended()
    {
        var all = Declared(Hourly, overlap: ScheduleOverlap.Replace);
        all.Run(Noon);
        all.Run(Noon.AddHours(1)).ShouldBe(["cancel 1", "wait"]);
        all.Run(Noon.AddHours(2)).ShouldBe(["cancel 1", "skip", "wait"]);
        all.State.Waiting.ShouldBe([Noon.AddHours(2)]);
        all.End(Noon.AddHours(2));
        all.Run(Noon.AddHours(2)).ShouldBe(["start 14:00"]);
    }

    [Fact]
    public void What_overlaps_may_run_beside()
    {
        var all = Declared(Hourly, overlap: ScheduleOverlap.Allow);
        all.Run(Noon);
        all.Run(Noon.AddHours(1)).ShouldBe(["start 13:00"]);
        (all.State.Open.Count, all.Starts.All(static start => start.Job.UniqueKey is null)).ShouldBe((2, true));
    }

    [Fact]
    public void A_round_holds_the_schedules_key_and_says_which_time_it_is_for()
    {
        var all = Declared(Hourly);
        all.Run(Noon.AddSeconds(3));
        (all.Starts[0].Job.UniqueKey, all.Starts[0].Job.ScheduledFor, all.Starts[0].NotBefore).ShouldBe(("schedule:s", Noon, Noon));
    }

    [Fact]
    public void A_job_that_holds_the_key_is_waited_for_and_the_round_counts_as_left_out()
    {
        var all = Declared(AnHourAfter);
        all.Held = new JobId(77);
        all.Run(Noon);
        (all.State.Started, all.State.Skipped, all.State.Open.Single().Job).ShouldBe((0, 1, new JobId(77)));
        all.Held = null;
        all.End(Noon.AddHours(1));
        all.Run(Noon.AddHours(2)).ShouldBe(["start 14:00"]);
    }

    // Missed times

    [Theory]
    [InlineData(ScheduleMisfire.Once,   100, "start 17:00",                              5)]
    [InlineData(ScheduleMisfire.All,    100, "start 12:00 13:00 14:00 15:00 16:00 17:00", 0)]
    [InlineData(ScheduleMisfire.All,    2,   "start 16:00 17:00",                        4)]
    [InlineData(ScheduleMisfire.All,    0,   "start 17:00",                              5)]
    [InlineData(ScheduleMisfire.Skip,   100, "",                                         6)]
    public void Missed_times_are_made_up_for(ScheduleMisfire misfire, int cap, string started, long missed)
    {
        var all = Declared(Hourly, ScheduleOverlap.Queue, misfire, cap);
        for (var now = Noon.AddHours(5.5); now < Noon.AddHours(5.9); now = now.AddMinutes(1))
        {
            all.Run(now);
            all.EndAll(now);
        }
        string.Join(' ', ["start", .. all.Starts.Select(static start => Hour(start.Due))]).ShouldBe(started.Length == 0 ? "start" : started);
        (all.State.Missed, all.State.NextDue).ShouldBe((missed, Noon.AddHours(6)));
    }

    [Fact]
    public void Up_to_a_minute_late_is_not_missed()
    {
        var all = Declared(Hourly, misfire: ScheduleMisfire.Skip);
        all.Run(Noon.AddSeconds(60)).ShouldBe(["start 12:00"]);
        all.EndAll(Noon.AddSeconds(61));
        // Two were missed; the third is half a minute late.
        all.Run(Noon.AddHours(3).AddSeconds(30)).ShouldBe(["start 15:00"]);
        all.State.Missed.ShouldBe(2);
    }

    [Fact]
    public void With_jitter_a_time_is_missed_by_its_own_start_not_by_its_time()
    {
        var jitter = TimeSpan.FromMinutes(30);
        var all = Declared(Hourly, misfire: ScheduleMisfire.Skip, jitter: jitter);
        var starts = all.State.NextDue!.Value.AddHours(3) + ScheduleRules.JitterOf(all.Definition, Noon.AddHours(3));
        all.Run(starts.AddSeconds(50)).ShouldBe(["start 15:00"]);
        all.State.Missed.ShouldBe(3);
    }

    [Fact]
    public void An_outage_of_years_costs_no_walk_through_every_second()
    {
        var rate = Declared(new FixedRate(TimeSpan.FromSeconds(1)), ScheduleOverlap.Queue, ScheduleMisfire.All);
        rate.Run(Noon.AddDays(3650), steps: 1);
        (rate.State.Waiting.Count, rate.State.Missed, rate.State.Waiting[^1]).ShouldBe((100, (3650L * 86_400) + 1 - 100, Noon.AddDays(3650)));

        foreach (var misfire in Enum.GetValues<ScheduleMisfire>())
        {
            var cron = Declared(new CronRecurrence("* * * * * *", "Europe/Berlin"), ScheduleOverlap.Queue, misfire);
            cron.Run(Noon.AddDays(3650), steps: 1);
            cron.State.Missed.ShouldBeInRange(MissedTimes.MostCounted - 100, MissedTimes.MostCounted);
            cron.State.NextDue!.Value.ShouldBeInRange(Noon.AddDays(3650).AddMinutes(-1), Noon.AddDays(3650).AddSeconds(1));
        }
    }

    // Operators

    [Fact]
    public void A_pause_stops_the_times_and_what_passes_is_not_made_up_for()
    {
        var all = Declared(Hourly);
        all.State = ScheduleRules.Pause(all.State);
        all.WakeAt.ShouldBeNull();
        all.Run(Noon.AddHours(5)).ShouldBeEmpty();
        all.State = ScheduleRules.Resume(all.Definition, all.State, Noon.AddHours(5.5));
        (all.State.NextDue, all.State.Missed).ShouldBe((Noon.AddHours(6), 0));
    }

    [Fact]
    public void Resuming_what_is_not_paused_loses_no_round_that_is_due()
    {
        var all = Declared(Hourly);
        all.State = ScheduleRules.Resume(all.Definition, all.State, Noon);
        all.Run(Noon).ShouldBe(["start 12:00"]);
    }

    [Fact]
    public void A_delay_goes_on_at_once_when_its_time_passed_in_a_pause()
    {
        var all = Declared(AnHourAfter);
        all.State = ScheduleRules.Resume(all.Definition, ScheduleRules.Pause(all.State), Noon.AddHours(3));
        all.Run(Noon.AddHours(3)).ShouldBe(["start 15:00"]);
    }

    [Fact]
    public void What_waits_goes_on_waiting_in_a_pause()
    {
        var all = Declared(Hourly, overlap: ScheduleOverlap.Queue);
        all.Run(Noon);
        all.Run(Noon.AddHours(1));
        all.State = ScheduleRules.Pause(all.State);
        all.End(Noon.AddHours(1.5));
        all.Run(Noon.AddHours(1.5)).ShouldBeEmpty();
        all.State = ScheduleRules.Resume(all.Definition, all.State, Noon.AddHours(1.6));
        all.Run(Noon.AddHours(1.6)).ShouldBe(["start 13:00"]);
    }

    [Fact]
    public void Declared_paused_it_starts_nothing_until_somebody_resumes_it_or_a_new_version_declares_it_running()
    {
        var all = Declared(Hourly, enabled: false);
        all.Run(Noon.AddHours(5)).ShouldBeEmpty();
        var running = all.Definition with { Enabled = true };
        ScheduleRules.Declared(running, all.Record, Noon.AddHours(5.5)).NextDue.ShouldBe(Noon.AddHours(6));
        ScheduleRules.IsPaused(running, ScheduleRules.Pause(all.State)).ShouldBeTrue();
    }

    [Fact]
    public void A_trigger_starts_a_round_now_paused_or_not_and_moves_no_time()
    {
        var all = Declared(AtThree);
        all.State = ScheduleRules.Pause(all.State);
        all.Trigger(Noon).ShouldBe(["start 12:00"]);
        (all.State.Open[0].ByHand, all.State.NextDue).ShouldBe((true, Noon.AddHours(15)));
    }

    [Theory]
    [InlineData(ScheduleOverlap.Skip,    false, "refused")]
    [InlineData(ScheduleOverlap.Queue,   false, "wait")]
    [InlineData(ScheduleOverlap.Replace, false, "cancel 1, wait")]
    [InlineData(ScheduleOverlap.Allow,   false, "start 12:30")]
    [InlineData(ScheduleOverlap.Queue,   true,  "refused")]
    [InlineData(ScheduleOverlap.Replace, true,  "refused")]
    [InlineData(ScheduleOverlap.Allow,   true,  "start 12:30")]
    public void A_trigger_beside_a_round_obeys_the_overlap(ScheduleOverlap overlap, bool paused, string becomes)
    {
        var all = Declared(Hourly, overlap);
        all.Run(Noon);
        all.State = paused ? ScheduleRules.Pause(all.State) : all.State;
        string.Join(", ", all.Trigger(Noon.AddMinutes(30))).ShouldBe(becomes);
    }

    [Fact]
    public void A_delay_that_is_due_while_a_triggered_round_runs_counts_from_its_end()
    {
        var all = Declared(AnHourAfter);
        all.Run(Noon);
        all.End(Noon.AddMinutes(10));
        all.Trigger(Noon.AddMinutes(60)).ShouldBe(["start 13:00"]);
        all.Run(Noon.AddMinutes(70)).ShouldBeEmpty();
        all.End(Noon.AddMinutes(90));
        all.State.NextDue.ShouldBe(Noon.AddMinutes(150));
    }

    // Definitions that change

    [Fact]
    public void The_same_times_keep_the_next_one_and_all_else()
    {
        var all = Declared(Hourly);
        all.Run(Noon);
        all.State = ScheduleRules.Pause(all.State);
        var changed = all.Definition with { Overlap = ScheduleOverlap.Allow, Misfire = ScheduleMisfire.All, Round = all.Definition.Round with { Priority = 5 } };
        ScheduleRules.Declared(changed, all.Record, Noon.AddMinutes(5)).ShouldBe(all.State);
    }

    [Fact]
    public void Another_rate_counts_from_the_last_start()
    {
        var all = Declared(Hourly);
        all.Run(Noon);
        ScheduleRules.Declared(all.Definition with { When = new FixedRate(TimeSpan.FromMinutes(25)) }, all.Record, Noon.AddMinutes(30)).NextDue.ShouldBe(Noon.AddMinutes(50));
    }

    [Fact]
    public void Another_delay_counts_from_the_last_end_but_not_from_before_now()
    {
        var all = Declared(Hourly);
        all.Run(Noon);
        var delay = all.Definition with { When = new FixedDelay(TimeSpan.FromMinutes(20)) };
        ScheduleRules.Declared(delay, all.Record, Noon.AddMinutes(5)).NextDue.ShouldBeNull();
        all.End(Noon.AddMinutes(10));
        ScheduleRules.Declared(delay, all.Record, Noon.AddMinutes(15)).NextDue.ShouldBe(Noon.AddMinutes(30));
        ScheduleRules.Declared(delay, all.Record, Noon.AddMinutes(45)).NextDue.ShouldBe(Noon.AddMinutes(45));
    }

    [Fact]
    public void Another_calendar_counts_from_now_and_another_jitter_moves_the_start_only()
    {
        var all = Declared(AtThree);
        ScheduleRules.Declared(all.Definition with { When = new CronRecurrence("0 4 * * *") }, all.Record, Noon).NextDue.ShouldBe(Noon.AddHours(16));
        var jittered = all.Definition with { Jitter = TimeSpan.FromHours(1) };
        var state = ScheduleRules.Declared(jittered, all.Record, Noon);
        (state.NextDue, state.Since, state.NextAt).ShouldBe((Noon.AddHours(15), Noon, Noon.AddHours(15) + ScheduleRules.JitterOf(jittered, Noon.AddHours(15))));
    }

    // Jitter and next times

    [Fact]
    public void Jitter_is_the_same_for_all_within_its_range_and_spread()
    {
        var definition = Declared(Hourly, jitter: TimeSpan.FromSeconds(30)).Definition;
        var shares = Enumerable.Range(0, 2000).Select(hour => ScheduleRules.JitterOf(definition, Noon.AddHours(hour))).ToList();
        shares.ShouldBe(Enumerable.Range(0, 2000).Select(hour => ScheduleRules.JitterOf(definition with { }, Noon.AddHours(hour).ToOffset(TimeSpan.FromHours(5)))));
        shares.ShouldAllBe(share => share >= TimeSpan.Zero && share < TimeSpan.FromSeconds(30));
        shares.Average(static share => share.TotalSeconds).ShouldBe(15, 0.7);
        ScheduleRules.JitterOf(definition with { Name = "other" }, Noon).ShouldNotBe(shares[0]);
    }

    [Fact]
    public void Next_times_are_those_that_will_come()
    {
        var all = Declared(Hourly);
        ScheduleRules.NextTimes(all.Definition, all.State).Take(3).ShouldBe([Noon, Noon.AddHours(1), Noon.AddHours(2)]);
        ScheduleRules.NextTimes(all.Definition, ScheduleRules.Pause(all.State)).ShouldBeEmpty();
        var delay = Declared(AnHourAfter);
        ScheduleRules.NextTimes(delay.Definition, delay.State).ShouldBe([Noon]);
    }

    // Anything at all

    [Fact]
    public void Whatever_happens_every_time_is_started_skipped_missed_or_waiting_and_nothing_is_stuck()
    {
        for (var seed = 0; seed < 3000; seed++)
        {
            new ScheduleHistory(seed).Run();
        }
    }

    private static ScheduleScene Declared(
        Recurrence when, ScheduleOverlap overlap = default, ScheduleMisfire misfire = default, int cap = 100, TimeSpan jitter = default, bool enabled = true) =>
        new(ScheduleScene.Definitions(when) with { Overlap = overlap, Misfire = misfire, MisfireCap = cap, Jitter = jitter, Enabled = enabled }, Noon);

    private static string Hour(DateTimeOffset time) => time.ToString("HH:mm", CultureInfo.InvariantCulture);
}
