using Fairlead.Policies;
using Fairlead.Schedules;

namespace Fairlead.Tests.Schedules;

/// <summary>A random life of a schedule: rounds that end soon, late or never, outages, pauses, triggers. What must hold is looked at after every step.</summary>
internal sealed class ScheduleHistory(int seed)
{
    private static readonly DateTimeOffset Begin = new(2026, 10, 24, 12, 0, 0, TimeSpan.Zero);
    private readonly Random _random = new(seed);
    private DateTimeOffset _now = Begin;
    private readonly HashSet<DateTimeOffset> _triggers = [];
    private DateTimeOffset _counted;
    private long _passed, _byHand;

    /// <summary>Times that pass in a pause are none: they leave the account.</summary>
    private long _forgotten;

    public void Run()
    {
        var all = new ScheduleScene(Definition(), _now);
        _counted = all.State.NextDue!.Value;
        for (var step = 0; step < 60; step++)
        {
            // Mostly just after the next time, now and then long after it.
            var wake = all.WakeAt is { } at && at > _now ? at : _now;
            _now = _random.Next(8) == 0 ? wake.AddMinutes(_random.Next(600)) : wake.AddSeconds(_random.Next(90));
            Happen(all);
            Holds(all);
        }
        all.Starts.Select(static start => start.Due).Where(due => !_triggers.Contains(due)).ShouldBeUnique(Told);
    }

    private ScheduleDefinition Definition() => ScheduleScene.Definitions(_random.Next(4) switch
    {
        0 => new FixedRate(TimeSpan.FromSeconds(_random.Next(20, 4000))),
        1 => new FixedDelay(TimeSpan.FromSeconds(_random.Next(20, 4000))),
        2 => new CronRecurrence("*/7 * * * *", "Europe/Berlin"),
        _ => new CronRecurrence("5,30 1,2,3 * * *", "Europe/Berlin"),
    }) with
    {
        Overlap = (ScheduleOverlap)_random.Next(4),
        Misfire = (ScheduleMisfire)_random.Next(3),
        MisfireCap = _random.Next(1, 30),
        Jitter = TimeSpan.FromSeconds(_random.Next(3) == 0 ? 200 : 0),
        Enabled = _random.Next(10) > 0,
    };

    private void Happen(ScheduleScene all)
    {
        switch (_random.Next(10))
        {
            case 0:
                _byHand += all.Trigger(_now)[0] == "refused" ? 0 : 1;
                _triggers.Add(_now);
                break;
            case 1:
                all.State = ScheduleRules.Pause(all.State);
                break;
            case 2 or 3:
                Resume(all);
                break;
            case < 8 when all.State.Open.Count > 0:
                all.State = ScheduleRules.Ended(all.Definition, all.State, all.State.Open[_random.Next(all.State.Open.Count)], _now, JobStatus.Completed);
                break;
        }
        all.Run(_now);
    }

    private void Resume(ScheduleScene all)
    {
        var before = all.State.NextDue;
        all.State = ScheduleRules.Resume(all.Definition, all.State, _now);
        if (all.Definition.When is not FixedDelay && before is { } from && all.State.NextDue is { } to && to > from)
        {
            _forgotten += Times(all, from, to);
        }
    }

    private void Holds(ScheduleScene all)
    {
        var (definition, state) = (all.Definition, all.State);
        if (definition.Overlap != ScheduleOverlap.Allow)
        {
            state.Open.Count.ShouldBeLessThanOrEqualTo(1, Told);
        }
        if (definition.When is not FixedDelay)
        {
            _passed += Times(all, _counted, state.NextDue!.Value);
            _counted = state.NextDue.Value;
            (state.Started + state.Skipped + state.Missed + state.Waiting.Count + _forgotten).ShouldBe(_passed + _byHand, Told);
        }
        if (all.WakeAt is null)
        {
            (ScheduleRules.IsPaused(definition, state) || (definition.When is FixedDelay && state.Open.Count > 0)).ShouldBeTrue(Told);
        }
        ScheduleRules.Next(definition, state, _now).ShouldBeNull(Told);
    }

    private string Told => $"seed {seed} at {_now:u}";

    /// <summary>How many times there are from one that is one of them, before another.</summary>
    private static long Times(ScheduleScene all, DateTimeOffset from, DateTimeOffset before)
    {
        var count = 0L;
        for (var time = from; time < before; time = all.Definition.When.Next(time, all.State.Since)!.Value)
        {
            count++;
        }
        return count;
    }
}
