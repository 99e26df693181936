using System.Globalization;
using Fairlead.Diagnostics;
using Fairlead.Limits;
using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Twins;

/// <summary>
/// Drives the in-memory store and another one through one random life with groups, limits and breakers, and holds every answer of the one
/// against the other's: two independent stores that decide alike are unlikely to be wrong alike.
/// </summary>
internal sealed partial class TwinStores(int seed, ManualClock clock, IJobStore memory, IJobStore other)
{
    private static readonly JobKind[] Kinds = [new("a"), new("b")];
    private static readonly string?[] GroupNames = [null, "g1", "g2", "g3", "g4", "g5"];
    private static readonly BreakerPolicy Breaker = new() { Failures = 3, OpenFor = TimeSpan.FromSeconds(3), MaxOpen = TimeSpan.FromSeconds(20) };

    private static readonly QueueDefinition[] Queues =
    [
        new() { Name = "fair", Weights = new Dictionary<string, double> { ["g1"] = 2, ["g2"] = 0.5 } },
        new() { Name = "guarded", Limits = ["rate"], GroupConcurrency = 2, Breaker = Breaker, MaxConcurrent = 6 },
        new() { Name = "own", Limits = ["rate", "each"], SlowAfter = TimeSpan.FromSeconds(1) },
        new() { Name = "held", Limits = ["few", "seat"], Breaker = Breaker },
        new() { Name = "priced", Limits = [new("tokens", 3, "/cost")] },
    ];

    private static readonly NamedLimit[] Limits =
    [
        new("rate", 7.PerSecond()), new("each", Limit.FromRate(2.PerSecond()) with { PerGroup = true }), new("few", Limit.Concurrent(3)),
        new("seat", Limit.Concurrent(1) with { PerGroup = true }), new("tokens", Limit.FromRate(10.PerSecond()) with { Burst = 20, Breaker = Breaker }),
        new("calls", Limit.FromRate(9.PerSecond()) with { Shape = LimitShape.Window, Adaptive = true }),
    ];

    private readonly Random _random = new(seed);
    private readonly List<string> _steps = [];
    private readonly List<NodeId> _nodes = [];
    private readonly long[] _sequence = new long[2];
    private readonly List<(int Node, ClaimedJob Job, DateTimeOffset At)> _running = [];
    private readonly List<(int Node, AttemptKey Attempt)> _abandoned = [];
    private readonly List<(Permit Memory, Permit Other)> _permits = [];

    /// <summary>How many jobs were claimed: a life in which nothing happens proves nothing.</summary>
    public int Claimed { get; private set; }

    public async Task RunAsync(int steps)
    {
        for (var i = 0; i < 2; i++)
        {
            var registration = Registration(i);
            _nodes.Add((await BothAsync("join", async store => await store.JoinAsync(registration), static lease => $"{lease.Node}")).Node);
        }
        for (var i = 0; i < steps; i++)
        {
            await StepAsync();
            if (i % 8 == 0)
            {
                await CompareAsync();
            }
        }
        await CompareAsync();
    }

    private static NodeRegistration Registration(int node) => new()
    {
        Name = $"n{node}", Slots = 10, Schedules = [Schedule], Lease = TimeSpan.FromDays(1), Limits = Limits, Queues = [.. Queues.Select(queue => Served(node, queue))],
    };

    private static ServedQueue Served(int node, QueueDefinition queue) => new(queue, node == 0 ? Kinds : Kinds[..1]);

    private Task StepAsync() => _random.Next(30) switch
    {
        < 5 => EnqueueAsync(),
        < 11 => ClaimAsync(),
        < 15 => EndAsync(),
        15 => AcquireAsync(),
        16 => ReleaseAsync(),
        17 => ReportAsync(),
        18 => OperateAsync(),
        19 => BeatAsync(),
        20 => ReleaseAbandonedAsync(),
        21 => ChangeQueueAsync(),
        22 => DeclareAsync(),
        23 => ReportPoolsAsync(),
        24 => ClaimKeysAsync(),
        25 => SettleKeysAsync(),
        26 => CancelOrRetryAsync(),
        27 => WriteScheduleAsync(),
        _ => PassAsync(),
    };

    private Task PassAsync()
    {
        clock.Advance(TimeSpan.FromMilliseconds(_random.Next(4) == 0 ? _random.Next(4000) : _random.Next(300)));
        return Task.CompletedTask;
    }

    private async Task EnqueueAsync()
    {
        // Jobs without a group beside groups are left out: SQL stores notice their coming and going at claims only, which moves start tags a little.
        var groups = GroupNames[1..];
        var queue = Pick(Queues).Name;
        var jobs = Enumerable.Range(0, _random.Next(1, 6)).Select(_ => new NewJob
        {
            Queue = queue, Kind = Pick(Kinds), Group = Pick(groups), Priority = _random.Next(3),
            Delay = TimeSpan.FromMilliseconds(_random.Next(5) == 0 ? _random.Next(3000) : 0),
            Payload = System.Text.Encoding.UTF8.GetBytes($$"""{"cost":{{_random.Next(1, 8)}}}"""),
        }).ToList();
        await BothAsync($"enqueue {queue} {string.Join(' ', jobs.Select(static j => $"{j.Group ?? "-"}:{j.Priority}{j.Kind.Name}+{j.Delay.TotalSeconds}"))}",
            async store => await store.EnqueueAsync(jobs), static added => string.Join(',', added.Select(static e => e.Id)));
    }

    private async Task ClaimAsync()
    {
        var node = _random.Next(2);
        var idle = !_running.Exists(r => r.Node == node);
        var request = new ClaimRequest
        {
            Node = _nodes[node], Sequence = ++_sequence[node], Slots = _random.Next(6), Idle = idle,
            Queues = [.. Queues.OrderBy(_ => _random.Next()).Select(queue => new QueueClaim(queue.Name, node == 0 ? Kinds : Kinds[..1], _random.Next(1, 5)))],
        };
        var result = await BothAsync(
            $"claim n{node} {request.Slots} of {string.Join(' ', request.Queues.Select(static q => $"{q.Queue}:{q.Slots}"))}",
            async store => await store.ClaimAsync(request),
            static claim => $"[{string.Join(' ', claim.Jobs.Select(static j => $"{j.Key.Job}.{j.Key.Fence}({j.Queue}/{j.Group ?? "-"})"))}] next {Text(claim.NextDue)} more {claim.More} drain {claim.DrainForSolo}");
        _running.AddRange(result.Jobs.Select(job => (node, job, clock.Now)));
        Claimed += result.Jobs.Count;
    }

    private async Task EndAsync()
    {
        if (_running.Count == 0)
        {
            return;
        }
        var (node, job, at) = Pick(_running);
        _running.RemoveAll(r => r.Job.Key == job.Key);
        var ran = TimeSpan.FromMilliseconds(_random.Next(3) == 0 ? (clock.Now - at).TotalMilliseconds : _random.Next(3000));
        var times = new AttemptTimes(job.Key, at, at + ran);
        var abandoned = _random.Next(12) == 0;
        var transition = _random.Next(10) switch
        {
            8 or 9 => Branched(times),
            0 => JobTransition.HandedBack(times),
            1 => JobTransition.Deferred(times, "later", TimeSpan.FromMilliseconds(_random.Next(2000)), WaitCause.Limit),
            2 or 3 => JobTransition.Retried(times, AttemptOutcome.Failed, "It broke.", TimeSpan.FromMilliseconds(_random.Next(2000)), abandoned),
            4 => JobTransition.Failed(times, abandoned ? AttemptOutcome.TimedOut : AttemptOutcome.Failed, "It broke.", abandoned),
            _ => JobTransition.Completed(times, default, []),
        };
        if (transition.Abandoned)
        {
            _abandoned.Add((node, job.Key));
        }
        await BothAsync($"end {job.Key.Job}.{job.Key.Fence} {transition.Outcome} after {ran.TotalSeconds} {Children(transition)}{(transition.Abandoned ? "abandoned" : "")}",
            async store => (await store.ApplyAsync(_nodes[node], [transition]))[0], static answer => $"{answer}");
        await SayAgainAsync(node, transition);
    }

    private async Task ReleaseAbandonedAsync()
    {
        if (_abandoned.Count == 0)
        {
            return;
        }
        var (node, attempt) = Pick(_abandoned);
        _abandoned.Remove((node, attempt));
        await BothAsync($"release abandoned {attempt.Job}", async store => await store.ReleaseAbandonedAsync(_nodes[node], attempt));
    }

    private async Task AcquireAsync()
    {
        var limit = Pick(Limits);
        var request = new PermitRequest
        {
            Limit = limit.Name, Group = limit.Limit.PerGroup ? Pick(GroupNames) : null, Count = _random.Next(1, 4), Cost = limit.Name == "tokens" ? _random.Next(1, 9) : 1,
            Within = TimeSpan.FromMilliseconds(_random.Next(2000)), Node = _nodes[_random.Next(2)],
        };
        List<PermitAnswer> answers = [];
        await BothAsync($"acquire {request.Count}x{request.Cost} {request.Limit}/{request.Group} within {request.Within.TotalSeconds}",
            async store =>
            {
                answers.Add(await store.AcquireAsync(request));
                return answers[^1];
            },
            static a => $"{string.Join(' ', a.Permits.Select(static p => $"{Text(p.At)}{(p.Id == 0 ? "" : " held")}"))} retry {Text(a.RetryAt)} {a.Cause}");
        _permits.AddRange(answers[0].Permits.Zip(answers[1].Permits));
    }

    private async Task ReleaseAsync()
    {
        if (_permits.Count == 0)
        {
            return;
        }
        var permit = Pick(_permits);
        _permits.Remove(permit);
        await BothAsync($"release {permit.Memory.Limit}/{permit.Memory.Group} {Text(permit.Memory.At)}",
            async store => await store.ReleaseAsync([store == memory ? permit.Memory : permit.Other]));
    }

    private async Task ReportAsync()
    {
        var limit = Pick(Limits);
        var report = _random.Next(5) switch
        {
            0 => new LimitReport { Limit = limit.Name, Throttled = true, RetryAfter = _random.Next(2) == 0 ? TimeSpan.FromMilliseconds(_random.Next(1500)) : null },
            1 => new LimitReport { Limit = limit.Name, Failed = _random.Next(1, 4) },
            2 => new LimitReport { Limit = limit.Name, Remaining = _random.Next(-1, 6), ResetIn = TimeSpan.FromMilliseconds(_random.Next(900)) },
            3 => new LimitReport { Limit = limit.Name, ExtraCost = _random.Next(-3, 5) },
            _ => new LimitReport { Limit = limit.Name, Succeeded = _random.Next(1, 9) },
        };
        report = report with { Group = limit.Limit.PerGroup ? Pick(GroupNames) : null };
        await BothAsync($"report {report}", async store => await store.ReportAsync([report]));
    }

    private Task OperateAsync()
    {
        var (queue, group) = (Pick(Queues).Name, Pick(GroupNames) ?? "g1");
        var key = _random.Next(6) switch { 0 => queue, 1 => "tokens", 2 => $"each/{group}", _ => $"{queue}/{group}" };
        TimeSpan? time = _random.Next(4) == 0 ? null : TimeSpan.FromMilliseconds(_random.Next(1, 3000));
        var paused = _random.Next(2) == 0;
        Limit? faster = _random.Next(2) == 0 ? null : _random.Next(5, 30).PerSecond();
        return _random.Next(7) switch
        {
            0 or 1 => BothAsync($"pause {queue}/{group} {paused}", async store => await store.PauseGroupAsync(queue, group, paused)),
            2 => BothAsync($"open {key} {time?.TotalSeconds}", async store => await store.OpenBreakerAsync(key, time), static known => $"{known}"),
            3 or 4 => BothAsync($"close {key}", async store => await store.CloseBreakerAsync(key), static known => $"{known}"),
            5 => BothAsync($"change rate {faster}", async store => await store.ChangeLimitAsync("rate", faster), static known => $"{known}"),
            _ => BothAsync("prune", async store => await store.PruneAsync(Retention.Default), static pruned => $"{pruned}"),
        };
    }

    private Task ChangeQueueAsync()
    {
        var queue = Pick(Queues).Name;
        var change = _random.Next(5) switch
        {
            0 => null,
            1 => new QueueChange { GroupConcurrency = _random.Next(1, 4) },
            2 => new QueueChange { RetryBudget = 0.1 * _random.Next(1, 9), SlowAfter = TimeSpan.FromMilliseconds(_random.Next(1, 2000)) },
            _ => new QueueChange { MaxConcurrent = _random.Next(1, 9) },
        };
        return BothAsync($"change {queue} {change}", async store => await store.ChangeQueueAsync(queue, change), static inForce => $"{inForce}");
    }

    /// <summary>A queue that only the second node serves now and then, or not at all: another definition of it is refused, or taken.</summary>
    private Task DeclareAsync()
    {
        var (node, leaves, redefines) = (_random.Next(2), _random.Next(3) == 0, _random.Next(3) == 0);
        var queues = Queues.Select(queue => queue.Name == "fair" && redefines ? queue with { MaxConcurrent = 7 } : queue).Where(queue => queue.Name != "fair" || !leaves);
        var registration = Registration(node) with { Queues = [.. queues.Select(queue => Served(node, queue))] };
        return BothAsync($"declare n{node} leaves {leaves} redefines {redefines}", async store =>
        {
            try
            {
                await store.DeclareAsync(_nodes[node], registration);
                return "taken";
            }
            catch (StoreMismatchException refused)
            {
                return refused.Message;
            }
        }, static answer => answer);
    }

    private async Task ReportPoolsAsync()
    {
        var (node, wanted) = (_random.Next(2), _random.Next(4) == 0 ? null : $"w{_random.Next(4)}");
        if (_random.Next(2) == 0)
        {
            await BothAsync($"end {wanted ?? "all"}", async store => await store.EndWorkersAsync(wanted), static asked => $"{asked}");
            return;
        }
        var workers = Enumerable.Range(0, 4).Where(_ => _random.Next(2) == 0).Select(i => new WorkerInfo { Id = $"w{i}", Pid = i, StartedAt = clock.Now, State = WorkerState.Idle }).ToList();
        await BothAsync($"report of n{node}: {string.Join(' ', workers.Select(static worker => worker.Id))}",
            async store => await store.ReportPoolsAsync(_nodes[node], [new() { Queue = "fair", Label = "Fair", Most = 4, Workers = workers }]));
    }

    private Task BeatAsync()
    {
        var node = _random.Next(2);
        return BothAsync($"heartbeat n{node}", async store => await store.HeartbeatAsync(_nodes[node]), static reply =>
            $"{reply.Held} {reply.LiveNodes} {string.Join(',', reply.Ailing.Order())} end {string.Join(',', reply.EndWorkers)} changed {string.Join(' ', reply.Changed.OrderBy(static queue => queue.Name, StringComparer.Ordinal))}");
    }

    private async Task CompareAsync()
    {
        foreach (var queue in Queues)
        {
            await BothAsync($"groups of {queue.Name}", async store => await store.ListGroupsAsync(queue.Name), static groups => Lines(groups.Where(static g => g.Group is not null && (g.Ready > 0 || g.InFlight > 0 || g.Paused)).Select(static g =>
                string.Create(CultureInfo.InvariantCulture, $"{g.Group ?? "-"} ready {g.Ready} lag {g.Lag:0.000000}{(g.Group is null ? "" : $" flight {g.InFlight} served {g.ServedSeconds:0.000000} slow {g.Slow} paused {g.Paused} {Text(g.Blocked)}")}"))));
        }
        await CompareJobsAsync();
        await BothAsync("breakers", async store => await store.ListBreakersAsync(), static breakers => Lines(breakers.Select(static b => $"{b.Key} {b.IsOpen} {Text(b.OpenUntil)} {b.Failures} {b.Waiting}")));
        await BothAsync("limits", async store => await store.ListLimitsAsync(), limits => Lines(limits.Where(Counts).Select(Text).Order(StringComparer.Ordinal)));
        await BothAsync("nodes", async store => await store.ListNodesAsync(), static nodes => Lines(nodes.Select(static n =>
            $"{n.Name} {n.Slots} {n.Running} {string.Join(' ', n.Serves.OrderBy(static queue => queue.Key, StringComparer.Ordinal).Select(static queue => $"{queue.Key}:{string.Join(',', queue.Value)}"))}")));
        await BothAsync("pools", async store => await store.ListPoolsAsync(), static pools => Lines(pools.Select(static p => $"{p.NodeName} {p.Pool.Queue} {string.Join(' ', p.Pool.Workers)}")));
        await BothAsync("queues", async store => await store.ListQueuesAsync(), static queues => Lines(queues.Select(static q => $"{q.Name} {q.Jobs} {q.Abandoned} {q.Definition} {q.Change}").Order(StringComparer.Ordinal)));
    }

    private Task BothAsync(string step, Func<IJobStore, Task> ask) => BothAsync(step, async store =>
    {
        await ask(store);
        return 0;
    }, static _ => "");

    private async Task<T> BothAsync<T>(string step, Func<IJobStore, Task<T>> ask, Func<T, string> text)
    {
        var (one, two) = (await ask(memory), await ask(other));
        var (said, saidToo) = (text(one), text(two));
        if (!said.StartsWith('\n'))
        {
            _steps.Add($"{Text(clock.Now)} {step}: {said}");
        }
        if (said != saidToo)
        {
            Assert.Fail($"Seed {seed}, step {_steps.Count}: {step}\nmemory: {said}\n{other.Description}: {saidToo}\nbefore:\n{string.Join('\n', _steps.TakeLast(30))}");
        }
        return one;
    }

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    /// <summary>Idle limits of groups are forgotten at different times, with their counters: that changes no decision.</summary>
    private bool Counts(LimitInfo l) => !l.InForce.PerGroup || l.InUse > 0 || l.HeldUntil is not null || l.NextAt > clock.Now;

    private static string Text(LimitInfo l) => string.Create(CultureInfo.InvariantCulture,
        $"{l.Name}/{l.Group} {l.InForce} {l.PerSecond:0.0000} free {l.Available} used {l.InUse} next {Text(l.NextAt)} held {Text(l.HeldUntil)} {(l.InForce.PerGroup ? "" : $"granted {l.Granted} 429 {l.Throttles}")} {l.Factor:0.0000}");

    private static string Text(WaitReason? reason) => reason is { } r ? $"{r.Cause} {r.Key} {Text(r.Until)}" : "";

    /// <summary>To the microsecond.</summary>
    private static string Text(DateTimeOffset? at) => at is { } moment ? (moment.Year > 9000 ? "for ever" : moment.ToString("mm:ss.ffffff", CultureInfo.InvariantCulture)) : "none";

    private static string Lines(IEnumerable<string> lines) => string.Join("\n  ", lines.Prepend(""));
}
