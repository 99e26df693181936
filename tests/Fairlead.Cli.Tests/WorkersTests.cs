using Fairlead.Sqlite;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Tests;

/// <summary>What the program shows of a node's pools, and how it asks for the end of workers.</summary>
public sealed class WorkersTests : IAsyncLifetime
{
    private readonly Workspace _here = new();
    private SqliteJobStore _store = null!;
    private NodeId _node;

    public async ValueTask InitializeAsync()
    {
        _store = new SqliteJobStore(_here.File("fairlead.db"), TimeProvider.System);
        await _store.OpenAsync(TestContext.Current.CancellationToken);
        var registration = new NodeRegistration { Name = "host:7", Slots = 3, Lease = TimeSpan.FromHours(1), Queues = [new(new() { Name = "ai_processing", Label = "AI", MaxConcurrent = 3 }, [new("run")])] };
        _node = (await _store.JoinAsync(registration, TestContext.Current.CancellationToken)).Node;
        await _store.ReportPoolsAsync(_node, [Pool()], TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _here.Dispose();
    }

    private static PoolReport Pool() => new()
    {
        Queue = "ai_processing", Label = "AI", Most = 3, Use = 0.5, JobsPerMinute = 12, AverageSeconds = 0.25, P95Seconds = 2, StartsPerMinute = 4, EndsPerMinute = 3, Starts = 9,
        Ends = new Dictionary<WorkerEnd, long> { [WorkerEnd.JobEnded] = 6, [WorkerEnd.TimedOut] = 1 }, LastError = "exit 3", LastErrorAt = DateTimeOffset.UnixEpoch,
        Workers =
        [
            new() { Id = "ai_1.1", Pid = 4711, StartedAt = DateTimeOffset.UnixEpoch, State = WorkerState.Busy, Job = new(42), Jobs = 3, MemoryBytes = 64 << 20 },
            new() { Id = "ai_2.1", Pid = 0, StartedAt = DateTimeOffset.UnixEpoch, State = WorkerState.Starting },
        ],
    };

    private async Task<IReadOnlyList<string>> ToEndAsync() => (await _store.HeartbeatAsync(_node, TestContext.Current.CancellationToken)).EndWorkers;

    [Fact]
    public async Task Workers_are_listed_with_what_they_do()
    {
        var lines = (await _here.RunAsync("workers")).With(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('\t')).ToList();
        lines.Select(static cells => string.Join(' ', cells[..7])).ShouldBe(["ai_1.1 AI host:7 4711 busy 42 3", "ai_2.1 AI host:7 - starting - 0"]);
        lines.Select(static cells => cells[8]).ShouldBe(["64 MiB", "-"]);
        var worker = (await _here.RunAsync("workers", "--json")).With(0).Json()[0];
        worker.EnumerateObject().Select(static property => property.Name).ShouldBe(
            ["id", "queue", "label", "node", "node_name", "pid", "state", "job", "jobs", "started_at", "age_seconds", "memory_bytes"]);
        worker.GetProperty("queue").GetString().ShouldBe("ai_processing");
        worker.GetProperty("memory_bytes").GetInt64().ShouldBe(64 << 20);
    }

    [Fact]
    public async Task One_worker_or_all_are_told_to_end()
    {
        (await _here.RunAsync("workers", "end", "ai_2.1")).With(0).Output.ShouldBe("ai_2.1: told to end\n");
        (await ToEndAsync()).ShouldBe(["ai_2.1"]);
        (await _here.RunAsync("workers", "end", "--all")).With(0).Output.ShouldBe("2 workers told to end\n");
        (await ToEndAsync()).ShouldBe(["ai_1.1", "ai_2.1"]);
        (await _here.RunAsync("workers", "end", "ai_3.1")).With(2).Saying("There is no worker 'ai_3.1'; did you mean 'ai_1.1'? Known: ai_1.1, ai_2.1.");
        (await _here.RunAsync("workers", "end")).With(2).Saying("Expected the id of a worker, or --all; got neither");
        (await _here.RunAsync("workers", "end", "ai_1.1", "--all")).With(2).Saying("got both");
    }

    [Fact]
    public async Task Logs_are_searched()
    {
        var job = (await _store.EnqueueAsync([new() { Queue = "ai_processing", Kind = new("run") }], TestContext.Current.CancellationToken))[0].Id;
        string[] messages = ["began", "Error: no page 3", "went on", "another ERROR"];
        await _store.AppendLogAsync([.. messages.Select(message => new JobLogLine(new(job, 1), DateTimeOffset.UnixEpoch, LogLevel.Information, message))], TestContext.Current.CancellationToken);
        (await _here.RunAsync("logs", $"{job}", "--grep", "error")).With(0).Output.ShouldBe("00:00:00.000 Error: no page 3\n00:00:00.000 another ERROR\n");
        (await _here.RunAsync("logs", $"{job}", "--grep", "nowhere")).With(0).Output.ShouldBe("");
        (await _here.RunAsync("logs", $"{job}", "--grep", "went", "--json")).With(0).Json().GetProperty("lines").GetArrayLength().ShouldBe(1);
    }
}
