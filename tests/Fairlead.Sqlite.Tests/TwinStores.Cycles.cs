using Fairlead.Diagnostics;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Twins;

// What came with cycles: parents and their children, keys that are taken once, rounds of a schedule.
internal sealed partial class TwinStores
{
    private static readonly ScheduleDefinition Schedule = new()
    {
        Name = "rounds", When = new FixedRate(TimeSpan.FromSeconds(2)), Overlap = ScheduleOverlap.Queue, Round = new() { Queue = "fair", Kind = new("a"), Group = "g1" },
    };

    private readonly List<JobId> _parents = [];
    private readonly List<AttemptKey> _attempts = [];

    private JobTransition Branched(AttemptTimes times)
    {
        _parents.Add(times.Attempt.Job);
        var items = Enumerable.Range(0, _random.Next(4)).Select(_ => new NewJob
        {
            Queue = Pick(Queues).Name, Kind = Pick(Kinds), Group = Pick(GroupNames[1..]), UniqueKey = _random.Next(3) == 0 ? $"u{_random.Next(4)}" : null,
            Payload = """{"cost":2}"""u8.ToArray(),
        });
        // All at once: SQL stores count items that wait for their turn in a batch among the ready ones where it only shows them.
        return JobTransition.Branched(times, new() { Queue = "fair", Items = [.. items], LeaveOutHeld = true, FailOnError = _random.Next(2) == 0 }, []);
    }

    private static string Children(JobTransition transition) =>
        transition.Children is { } batch ? $"branched [{string.Join(' ', batch.Items.Select(static item => $"{item.Queue}/{item.Group}/{item.UniqueKey}"))}] " : "";

    /// <summary>The answer was lost, perhaps: the same end again.</summary>
    private async Task SayAgainAsync(int node, JobTransition transition)
    {
        _attempts.Add(transition.Attempt);
        if (_random.Next(4) == 0)
        {
            await BothAsync($"again {transition.Attempt.Job}", async store => (await store.ApplyAsync(_nodes[node], [transition]))[0], static answer => $"{answer}");
        }
    }

    /// <summary>For an attempt that runs, for one that is over, or for nobody.</summary>
    private async Task ClaimKeysAsync()
    {
        var claim = new KeyClaim
        {
            Scope = $"s{_random.Next(2)}", Keys = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => $"k{_random.Next(12)}")],
            Attempt = SomeAttempt(), Keep = TimeSpan.FromMilliseconds(_random.Next(1, 20_000)),
        };
        await BothAsync($"claim keys {claim.Scope} {string.Join(' ', claim.Keys)} for {claim.Attempt} keep {claim.Keep}",
            async store => await store.ClaimKeysAsync(claim), static answers => string.Join(' ', answers));
    }

    private async Task SettleKeysAsync()
    {
        if (SomeAttempt() is not { } attempt)
        {
            return;
        }
        var settlement = new KeySettlement($"s{_random.Next(2)}", [.. Enumerable.Range(0, 12).Select(static i => $"k{i}")], attempt, _random.Next(2) == 0);
        await BothAsync($"settle keys {settlement.Scope} of {attempt} keep {settlement.Keep}", async store => await store.SettleKeysAsync(settlement), static changed => $"{changed}");
    }

    private AttemptKey? SomeAttempt() => _random.Next(4) switch
    {
        0 => null,
        1 when _attempts.Count > 0 => Pick(_attempts),
        _ when _running.Count > 0 => Pick(_running).Job.Key,
        _ => null,
    };

    private async Task CancelOrRetryAsync()
    {
        if (_parents.Count == 0)
        {
            return;
        }
        var parent = Pick(_parents);
        if (_random.Next(2) == 0)
        {
            await BothAsync($"cancel {parent}", async store => await store.CancelAsync(parent), static result => $"{result}");
        }
        else
        {
            await BothAsync($"retry {parent}", async store => await store.RetryAsync(parent), static result => $"{result}");
        }
    }

    /// <summary>As a ticker does it, now and then with a revision that is out of date.</summary>
    private async Task WriteScheduleAsync()
    {
        var record = (await memory.ListSchedulesAsync()).Single();
        var step = ScheduleRules.Next(record.Definition, record.State, clock.Now) ?? new(record.State, null);
        var write = new ScheduleWrite { Name = record.Definition.Name, Revision = record.Revision - (_random.Next(5) == 0 ? 1 : 0), State = step.State, Start = step.Start };
        await BothAsync($"write schedule {write.Start?.Due}", async store => await store.WriteScheduleAsync(write),
            static result => $"{result.Outcome} {result.Round} {Text(result.Now)} {Text(result.Current.State)} {result.Current.Revision} {result.Current.IsServed}");
    }

    private async Task CompareJobsAsync()
    {
        foreach (var parent in _parents.TakeLast(10))
        {
            var job = await BothAsync($"job {parent}", async store => await store.GetJobAsync(parent), static job => Lines(job is null ? [] : [Text(job)]));
            await BothAsync($"timeline {parent}", async store => await store.GetTimelinesAsync(parent), static lives => Lines(lives.SelectMany(static life => life.Attempts).Select(Text)));
            if (job?.Children is { } batch)
            {
                await BothAsync($"children {batch}", async store => await store.GetJobAsync(batch), static job => Lines(job is null ? [] : [Text(job)]));
            }
        }
    }

    private static string Text(ScheduleState state) =>
        $"{Text(state.NextAt)} {state.Started} {state.Skipped} {state.Missed} open {string.Join(' ', state.Open)} waiting {string.Join(' ', state.Waiting)} past {string.Join(' ', state.Past)}";

    /// <summary>Error texts are compared of ended jobs: what is kept of earlier attempts differs in its words.</summary>
    private static string Text(Job job) =>
        $"{job.Status} {job.Attempt}.{job.Fence} of {job.Parent} children {job.Children} without {job.ChildrenLeftOut} from {Text(job.StartedAt)} to {Text(job.EndedAt)} "
        + $"{job.LastOutcome} {(job.Status.IsEnded() ? job.Error : null)} {System.Text.Encoding.UTF8.GetString(job.Result.Span)} {job.CancelRequested} {job.BatchState?.Items}";

    private static string Text(JobAttempt attempt) =>
        $"{attempt.Attempt}.{attempt.Fence} on {attempt.Node} {Text(attempt.StartedAt)} to {Text(attempt.EndedAt)} {attempt.Outcome}";
}
