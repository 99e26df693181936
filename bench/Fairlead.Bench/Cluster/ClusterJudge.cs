using System.Diagnostics;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.Bench.Cluster;

/// <summary>Holds what a cluster did against what it promises, from what its processes said, what the upstream counted, and what the store recorded.</summary>
internal sealed class ClusterJudge
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly ClusterRun _run;
    private readonly List<(ClusterAttempt Attempt, long From, long To)> _lives;
    private readonly ILookup<long, ClusterAttempt> _byJob;
    private readonly Dictionary<long, Job> _stored = [];

    private readonly TimeSpan _comeback;

    private ClusterJudge(ClusterRun run, TimeSpan comeback)
    {
        (_run, _comeback) = (run, comeback);
        _lives = [.. run.Members.SelectMany(static member => member.Attempts.Select(attempt => (attempt, attempt.StartedAt, attempt.EndedAt ?? member.KilledAt ?? long.MaxValue)))];
        _byJob = _lives.Select(static life => life.Attempt).ToLookup(static attempt => attempt.Job);
    }

    /// <summary>Everything that was found, and what is wrong with it.</summary>
    /// <param name="run">What happened.</param>
    /// <param name="comeback">Within what a killed node's work must run elsewhere.</param>
    public static async Task<ClusterFindings> JudgeAsync(ClusterRun run, TimeSpan comeback)
    {
        var judge = new ClusterJudge(run, comeback);
        await judge.ReadJobsAsync();
        var (slowest, solo) = judge.Comebacks();
        var (most, allowed) = await judge.MostInASecondAsync();
        return new ClusterFindings
        {
            Kills = run.Members.Count(static member => member.KilledAt is not null),
            Away = Stopwatch.GetElapsedTime(run.Away.From, run.Away.To),
            Troubles = run.Watch.Troubles,
            Jobs = judge._stored.Count,
            Attempts = judge._lives.Count,
            Lost = run.Members.Where(static member => member.KilledAt is not null).Sum(static member => member.Running.Count),
            SlowestComeback = slowest,
            SlowestSolo = solo,
            MostInASecond = most,
            AllowedThen = allowed,
            Problems = [.. judge.Losses(), .. await judge.CountersAsync(), .. judge.TooManyAtOnce(), .. judge.RateProblems, .. judge.ComebackProblems],
        };
    }

    private List<string> RateProblems { get; } = [];

    private List<string> ComebackProblems { get; } = [];

    private async Task ReadJobsAsync()
    {
        foreach (var batch in (JobId?[])[null, _run.Batch.Id])
        {
            for (JobId? cursor = null; ;)
            {
                var page = await _run.Store.ListJobsAsync(new JobQuery { Limit = 1000, Cursor = cursor, Batch = batch });
                foreach (var job in page.Jobs)
                {
                    _stored.Add(job.Id.Value, job);
                }
                if ((cursor = page.Next) is null)
                {
                    break;
                }
            }
        }
    }

    /// <summary>Nothing acknowledged lost, nothing failed, nothing said to be completed that nobody ran to its end.</summary>
    private IEnumerable<string> Losses()
    {
        var acknowledged = _run.Members.SelectMany(static member => member.Acknowledged).ToList();
        foreach (var lost in acknowledged.Where(id => !_stored.ContainsKey(id)))
        {
            yield return $"Job {lost} was acknowledged and is not in the store.";
        }
        foreach (var job in _stored.Values.Where(static job => job.Status != JobStatus.Completed))
        {
            yield return $"Job {job.Id} of {job.Queue} is {job.Status}: {job.Error}";
        }
        foreach (var job in _stored.Values.Where(job => job.BatchState is null && !_byJob[job.Id.Value].Any(static attempt => attempt.EndedAt is not null)))
        {
            yield return $"Job {job.Id} of {job.Queue} is completed, and no process ran it to its end.";
        }
        if (_run.Deserters > 0)
        {
            yield return "A node ended though nobody killed it.";
        }
    }

    private async Task<IReadOnlyList<string>> CountersAsync()
    {
        var problems = new List<string>();
        var stored = _stored.Values.Where(static job => job.BatchState is null).CountBy(static job => job.Queue).ToDictionary();
        foreach (var queue in await _run.Store.ListQueuesAsync())
        {
            var (counted, listed) = (queue.Jobs.Completed, stored.GetValueOrDefault(queue.Name));
            if (counted != listed || queue.Jobs.Total != listed)
            {
                problems.Add($"Queue {queue.Name} counts {counted} completed of {queue.Jobs.Total}, and has {listed} jobs.");
            }
        }
        var batch = _stored[_run.Batch.Id.Value].BatchState!;
        if (batch.Items.Completed != _run.Batch.Items || batch.Items.Total != _run.Batch.Items)
        {
            problems.Add($"The batch counts {batch.Items.Completed} of {batch.Items.Total}, and has {_run.Batch.Items} items.");
        }
        var reports = _stored.Values.Count(static job => job.Kind.Name == ClusterTerms.Report);
        if (reports != 1 || _run.WrongSums > 0)
        {
            problems.Add($"{reports} last jobs of the batch; {_run.WrongSums} times the states did not add up to the total.");
        }
        return problems;
    }

    /// <summary>At every instant: attempts of a group, of the queue, with a seat, with one key, of one job.</summary>
    private IEnumerable<string> TooManyAtOnce() =>
    [
        .. Exceeding("max_concurrent", ClusterTerms.MaxConcurrent, static life => life.Queue == ClusterTerms.Grouped ? life.Queue : null),
        .. Exceeding("group concurrency", ClusterTerms.GroupConcurrency, static life => life.Queue == ClusterTerms.Grouped ? ClusterTerms.GroupOf(life.N) : null),
        .. Exceeding("seats", ClusterTerms.SeatsAtOnce, static life => life.Queue == ClusterTerms.Unique ? life.Queue : null),
        .. Exceeding("unique key", 1, static life => life.Queue == ClusterTerms.Unique ? ClusterTerms.KeyOf(life.N) : null),
        .. Exceeding("one job", 1, static life => $"{life.Job}"),
    ];

    private IEnumerable<string> Exceeding(string what, int most, Func<ClusterAttempt, string?> keyOf)
    {
        foreach (var lives in _lives.Where(life => keyOf(life.Attempt) is not null).GroupBy(life => keyOf(life.Attempt)))
        {
            // Ends before starts: a place is given again in the instant in which it is free.
            var changes = lives.SelectMany(static life => new[] { (At: life.From, By: 1), (At: life.To, By: -1) }).OrderBy(static change => change.At).ThenBy(static change => change.By);
            var now = 0;
            if (changes.Max(change => now += change.By) is var peak && peak > most)
            {
                yield return $"{what} {lives.Key}: {peak} at once, {most} are allowed.";
            }
        }
    }

    /// <summary>
    /// In no second of the store's clock are there more permits than the limit has. At the upstream a call arrives some time after its slot in the limit's grid:
    /// a permit may be taken a little after its slot (docs/limits.md), and the way takes a while. In a window in which the latest was late by J, all slots are from a window
    /// that is longer by J, so n + ⌈r·J⌉ calls at most are seen in a second.
    /// </summary>
    private async Task<(int Most, int Allowed)> MostInASecondAsync()
    {
        var claimed = await ClaimTimesAsync();
        var permits = claimed.Values.Order().ToList();
        for (var i = ClusterTerms.PerSecond; i < permits.Count; i++)
        {
            if (permits[i] - permits[i - ClusterTerms.PerSecond] < Second)
            {
                RateProblems.Add($"More than {ClusterTerms.PerSecond} permits in the second to {permits[i]:HH:mm:ss.fff}.");
            }
        }
        var calls = _run.Upstream.Calls.OrderBy(static call => call.At).Select(call => (call.At, Late: call.At - claimed[(call.Job, call.Fence)])).ToList();
        var (most, allowed) = (0, 0);
        for (var (first, end) = (0, 0); first < calls.Count; first++)
        {
            while (end < calls.Count && calls[end].At < calls[first].At + Second)
            {
                end++;
            }
            var late = RateSlots.Late + calls[first..end].Max(static call => call.Late);
            var may = ClusterTerms.PerSecond + (int)Math.Ceiling(ClusterTerms.PerSecond * late.TotalSeconds);
            (most, allowed) = end - first > most ? (end - first, may) : (most, allowed);
            if (end - first > may)
            {
                RateProblems.Add($"{end - first} calls in the second from {calls[first].At:HH:mm:ss.fff}, the latest {late.TotalMilliseconds:0} ms after its slot: {may} are allowed.");
            }
        }
        return (most, allowed);
    }

    private async Task<Dictionary<(long Job, long Fence), DateTimeOffset>> ClaimTimesAsync()
    {
        var times = new Dictionary<(long, long), DateTimeOffset>();
        foreach (var job in _run.Upstream.Calls.Select(static call => call.Job).Distinct())
        {
            foreach (var attempt in (await _run.Store.GetTimelinesAsync(new JobId(job))).Single().Attempts)
            {
                times.Add((job, attempt.Fence), attempt.ClaimedAt);
            }
        }
        return times;
    }

    /// <summary>How long after a node was killed the last of what it ran was run again, counted from the last moment at which the store could not be written; jobs that must run alone by themselves.</summary>
    private (TimeSpan Slowest, TimeSpan Solo) Comebacks()
    {
        var (slowest, solo) = (TimeSpan.Zero, TimeSpan.Zero);
        foreach (var (victim, held) in _run.Members.Where(static member => member.KilledAt is not null).SelectMany(static member => member.Running.Select(attempt => (member.KilledAt!.Value, attempt))))
        {
            if (_byJob[held.Job].Where(next => next.Fence > held.Fence).MinBy(static next => next.Fence) is not { } next)
            {
                // Its result may have been committed in the moment of its node's death; that it is completed is judged elsewhere.
                continue;
            }
            var took = Stopwatch.GetElapsedTime(victim, next.StartedAt) - _run.Watch.TroubleIn(victim, next.StartedAt);
            (slowest, solo) = next.Solo ? (slowest, Later(solo, took)) : (Later(slowest, took), solo);
            if (!next.Solo && took > _comeback)
            {
                ComebackProblems.Add($"Job {held.Job} of {held.Queue} ran again {took.TotalSeconds:0.0} s after its node was killed.");
            }
        }
        return (slowest, solo);
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

/// <summary>What was found.</summary>
internal sealed record ClusterFindings
{
    public required int Kills { get; init; }

    /// <summary>How long the server was away.</summary>
    public required TimeSpan Away { get; init; }

    /// <summary>How often the store could not be written within a second, the crash included.</summary>
    public required int Troubles { get; init; }

    public required int Jobs { get; init; }

    public required int Attempts { get; init; }

    /// <summary>Attempts that ended with their node.</summary>
    public required int Lost { get; init; }

    /// <summary>How long after a node's death the slowest of its jobs ran again; without the time in which the store could not be written.</summary>
    public required TimeSpan SlowestComeback { get; init; }

    /// <summary>The same of those that met two deaths and waited for a node of their own.</summary>
    public required TimeSpan SlowestSolo { get; init; }

    /// <summary>The most calls that the upstream saw in any second, and how many it may have seen then.</summary>
    public required int MostInASecond { get; init; }

    public required int AllowedThen { get; init; }

    /// <summary>Every promise that was broken; must be empty.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"{Kills} nodes killed, the server away for {Away.TotalSeconds:0.0} s; {Jobs:N0} jobs in {Attempts:N0} attempts, of which {Lost:N0} died with their node; a killed node's jobs ran again within {SlowestComeback.TotalSeconds:0.0} s"
        + $" (those that met two deaths, alone: {SlowestSolo.TotalSeconds:0.0} s); at most {MostInASecond} calls in a second ({AllowedThen} allowed then); the store could not be written in time at {Troubles} looks; {Problems.Count} promises broken");
}
