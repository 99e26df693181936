using System.Globalization;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Tests.Schedules;

/// <summary>A schedule, and what a store and the nodes make of the rules' answers.</summary>
internal sealed class ScheduleScene(ScheduleDefinition definition, DateTimeOffset now)
{
    private long _jobs;

    public ScheduleDefinition Definition { get; set; } = definition;

    public ScheduleState State { get; set; } = ScheduleRules.Declared(definition, null, now);

    public ScheduleRecord Record => new(Definition, State, 1, IsServed: true);

    public DateTimeOffset? WakeAt => ScheduleRules.WakeAt(Definition, State);

    public List<RoundStart> Starts { get; } = [];

    /// <summary>A job that holds the schedule's key.</summary>
    public JobId? Held { get; set; }

    public static ScheduleDefinition Definitions(Recurrence when) => new() { Name = "s", When = when, Round = new NewJob { Queue = "q", Kind = new JobKind("k") } };

    /// <summary>Does what is due at an instant, and says what.</summary>
    public List<string> Run(DateTimeOffset at, int steps = 10_000)
    {
        var done = new List<string>();
        for (; steps > 0 && ScheduleRules.Next(Definition, State, at) is { } step; steps--)
        {
            done.AddRange(Take(step, at));
        }
        return done;
    }

    public List<string> Trigger(DateTimeOffset at) => ScheduleRules.Triggered(Definition, State, at) is { } step ? Take(step, at) : ["refused"];

    /// <summary>The oldest round ends.</summary>
    public void End(DateTimeOffset at) => State = ScheduleRules.Ended(Definition, State, State.Open[0], at, JobStatus.Completed);

    public void EndAll(DateTimeOffset at)
    {
        while (State.Open.Count > 0)
        {
            End(at);
        }
    }

    private List<string> Take(ScheduleStep step, DateTimeOffset at)
    {
        var (done, before) = (step.Cancel.Select(static job => $"cancel {job}").ToList(), State);
        State = step.State;
        if (step.Start is { } start)
        {
            (start.NotBefore <= at || start.NotBefore is null).ShouldBeTrue("a round before its time");
            done.Add($"start {start.Due.ToString("HH:mm", CultureInfo.InvariantCulture)}");
            Starts.Add(start);
            State = ScheduleRules.WithRound(State, start, new EnqueuedJob(Held ?? new JobId(++_jobs), Held is not null), at);
            return done;
        }
        if (State.Skipped > before.Skipped)
        {
            done.Add("skip");
        }
        if (!State.Waiting.SequenceEqual(before.Waiting))
        {
            done.Add("wait");
        }
        return done;
    }
}
