using Fairlead.Cli.Status;
using Fairlead.Cli.Stores;
using Fairlead.Cli.Tests.Alerts;
using Fairlead.Storage;

namespace Fairlead.Cli.Tests;

/// <summary>What operators are told of processes, from what nodes have reported.</summary>
public sealed class PoolsTests : IDisposable
{
    private static readonly DateTimeOffset s_at = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly Workspace _here = new();
    private long _claims;

    [Fact]
    public async Task Pools_are_shown_with_their_figures_and_why_processes_ended()
    {
        await using var store = await OpenAsync();
        var node = await JoinAsync(store, "alpha");
        await store.ReportPoolsAsync(node, [Ai(3), Upload(1) with { LastError = null, LastErrorAt = null }]);

        var rows = (await _here.RunAsync("pools")).With(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        rows.ShouldBe(
        [
            "ai_processing\tAI\talpha\t3/3\t83 %\t12\t15.25 s\t41.5 s\t9\t8\tjob_ended 40, max_memory 2, crashed 1\t2026-01-01 12:00:30.000Z\t2026-01-01 12:00:00.000Z It held 2 GiB.",
            "supabase_upload\tUPLOAD\talpha\t1/2\t0 %\t0\t-\t-\t0\t0\t-\t-\t-",
        ]);

        var body = (await _here.RunAsync("pools", "--json")).With(0).Json();
        body[0].GetRawText().ShouldBe(
            """{"queue":"ai_processing","label":"AI","node":1,"node_name":"alpha","processes":3,"most":3,"use":0.833,"jobs_per_minute":12,"average_seconds":15.25,"p95_seconds":41.5,"starts_per_minute":9,"ends_per_minute":8,"starts":46,"ends":{"job_ended":40,"crashed":1,"max_memory":2},"last_error":"It held 2 GiB.","last_error_at":"2026-01-01T12:00:00+00:00","backs_off_until":"2026-01-01T12:00:30+00:00"}""");
        body[1].TryGetProperty("last_error", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task The_status_line_counts_the_processes_of_all_nodes_and_the_jobs_that_wait()
    {
        await using var store = await OpenAsync();
        var (alpha, beta) = (await JoinAsync(store, "alpha"), await JoinAsync(store, "beta"));
        await EnqueueAsync(store, "ai_processing", 7);
        await EnqueueAsync(store, "supabase_upload", 3);
        await store.ClaimAsync(Claim(alpha, "ai_processing", 3));
        await store.ClaimAsync(Claim(alpha, "supabase_upload", 2));
        await store.ReportPoolsAsync(alpha, [Ai(2), Upload(2)]);
        await store.ReportPoolsAsync(beta, [Ai(1)]);

        (await _here.RunAsync("status")).With(0).Output.ShouldBe("AI: 3/3 workers, 4 jobs | UPLOAD: 2/2 workers, 1 job\n");
    }

    [Fact]
    public async Task A_queue_without_processes_counts_its_attempts_against_what_operators_set()
    {
        await using var store = await OpenAsync();
        var alpha = await JoinAsync(store, "alpha");
        await EnqueueAsync(store, "ai_processing", 3);
        await store.ClaimAsync(Claim(alpha, "ai_processing", 2));
        await store.ChangeQueueAsync("ai_processing", new QueueChange { MaxConcurrent = 5 });

        (await _here.RunAsync("status")).With(0).Output.ShouldBe("AI: 2/5 workers, 1 job | UPLOAD: 0/2 workers, 0 jobs\n");
    }

    [Fact]
    public async Task The_status_is_logged_only_when_it_has_changed()
    {
        await using var store = new InMemoryJobStore(TimeProvider.System);
        await store.OpenAsync();
        var (log, clock) = (new KeptLog(), new SteppedClock());
        await JoinAsync(store, "alpha");
        var line = new StatusLine(store, clock, log);
        using var stop = new CancellationTokenSource();
        var running = line.RunAsync(stop.Token);
        await RoundAsync(clock);
        await EnqueueAsync(store, "supabase_upload", 1);
        for (var i = 0; i < 3; i++)
        {
            await RoundAsync(clock);
        }
        await stop.CancelAsync();
        await running;

        log.Lines.ShouldBe(["AI: 0/3 workers, 0 jobs | UPLOAD: 0/2 workers, 0 jobs", "AI: 0/3 workers, 0 jobs | UPLOAD: 0/2 workers, 1 job"]);
    }

    public void Dispose() => _here.Dispose();

    /// <summary>Lets 30 s pass, and waits until the line has been looked at.</summary>
    private static async Task RoundAsync(SteppedClock clock)
    {
        var every = TimeSpan.FromSeconds(30);
        await Workspace.UntilAsync(() => clock.Waits(every), "it waits");
        clock.Advance(every);
        await Workspace.UntilAsync(() => clock.Waits(every), "it has looked");
    }

    private async Task<IJobStore> OpenAsync()
    {
        var store = StoreAddress.Parse($"sqlite:{_here.File("fairlead.db")}", "test").Connect(TimeProvider.System, adopt: false);
        await store.OpenAsync();
        return store;
    }

    private static async Task<NodeId> JoinAsync(IJobStore store, string name) => (await store.JoinAsync(new NodeRegistration
    {
        Name = name,
        Slots = 10,
        Lease = TimeSpan.FromHours(1),
        Queues =
        [
            new ServedQueue(new QueueDefinition { Name = "ai_processing", Label = "AI", MaxConcurrent = 3 }, [new JobKind("run")]),
            new ServedQueue(new QueueDefinition { Name = "supabase_upload", Label = "UPLOAD", MaxConcurrent = 2 }, [new JobKind("run")]),
        ],
    })).Node;

    private static async Task EnqueueAsync(IJobStore store, string queue, int count) =>
        await store.EnqueueAsync([.. Enumerable.Range(0, count).Select(_ => new NewJob { Queue = queue, Kind = new JobKind("run"), Payload = "{}"u8.ToArray() })]);

    private ClaimRequest Claim(NodeId node, string queue, int count) =>
        new() { Node = node, Sequence = ++_claims, Slots = count, Queues = [new QueueClaim(queue, [new JobKind("run")], count)] };

    private static PoolReport Ai(int processes) => new()
    {
        Queue = "ai_processing",
        Label = "AI",
        Most = 3,
        Workers = Workers(processes),
        Use = 0.8333,
        JobsPerMinute = 12,
        AverageSeconds = 15.25,
        P95Seconds = 41.5,
        StartsPerMinute = 9,
        EndsPerMinute = 8,
        Starts = 46,
        Ends = new Dictionary<WorkerEnd, long> { [WorkerEnd.MaxMemory] = 2, [WorkerEnd.JobEnded] = 40, [WorkerEnd.Crashed] = 1 },
        LastError = "It held 2 GiB.",
        LastErrorAt = s_at,
        BacksOffUntil = s_at + TimeSpan.FromSeconds(30),
    };

    private static PoolReport Upload(int processes) => new() { Queue = "supabase_upload", Label = "UPLOAD", Most = 2, Workers = Workers(processes) };

    private static WorkerInfo[] Workers(int count) =>
        [.. Enumerable.Range(1, count).Select(static n => new WorkerInfo { Id = $"w_{n}", Pid = n, StartedAt = s_at, State = WorkerState.Busy })];
}
