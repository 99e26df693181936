using System.Net;
using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Tests;

/// <summary>What operators look at and change, over both stores.</summary>
public sealed class ControlTests
{
    public static TheoryData<bool> Stores => [true, false];

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_job_is_cancelled_explained_and_retried(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        var id = await api.EnqueueAsync("queues/q/jobs");

        var cancelled = (await api.SendAsync("POST", $"jobs/{id}/cancel")).With(HttpStatusCode.OK).Json;
        cancelled.GetProperty("cancelled").GetInt32().ShouldBe(1);
        (await api.GetAsync($"jobs/{id}")).Json.GetProperty("status").GetString().ShouldBe("cancelled");
        (await api.SendAsync("POST", $"jobs/{id}/retry")).Json.GetProperty("retried").GetInt32().ShouldBe(1);
        (await api.GetAsync("jobs?status=queued&queue=q")).Json.GetProperty("jobs")[0].GetProperty("id").GetInt64().ShouldBe(id);
        (await api.GetAsync($"jobs/{id}/explain")).With(HttpStatusCode.OK).Json.GetProperty("causes").GetArrayLength().ShouldBeGreaterThan(0);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_log_is_read_on_and_searched(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        var node = await api.JoinAsync(new QueueDefinition { Name = "q" });
        var id = await api.EnqueueAsync("queues/q/jobs");
        var key = await api.ClaimAsync(node, "q");
        var now = TimeProvider.System.GetUtcNow();
        await api.Store.AppendLogAsync([.. Enumerable.Range(0, 5).Select(n => new JobLogLine(key, now, Microsoft.Extensions.Logging.LogLevel.Information, $"Line {n}"))]);
        await api.CompleteAsync(node, key);

        var first = (await api.GetAsync($"jobs/{id}/log?limit=2")).With(HttpStatusCode.OK).Json;
        var rest = (await api.GetAsync($"jobs/{id}/log?after={first.GetProperty("next").GetInt64()}")).Json;
        var found = (await api.GetAsync($"jobs/{id}/log?q=line+3")).Json;

        Messages(first).ShouldBe(["Line 0", "Line 1"]);
        Messages(rest).ShouldBe(["Line 2", "Line 3", "Line 4"]);
        Messages(found).ShouldBe(["Line 3"]);
        (await api.GetAsync($"jobs/{id}/log?after=-1")).Problem(HttpStatusCode.BadRequest, "bad_query", "after expects");
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_queue_is_changed_and_put_back(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        await api.JoinAsync(new QueueDefinition { Name = "q", MaxConcurrent = 3, Timeout = TimeSpan.FromMinutes(1) });

        var changed = (await api.SendAsync("PATCH", "queues/q", "{\"max_concurrent\":5,\"timeout\":\"90s\",\"retry_budget\":\"10%\"}")).With(HttpStatusCode.OK).Json;
        changed.GetProperty("max_concurrent").GetInt32().ShouldBe(5);
        changed.GetProperty("timeout_seconds").GetDouble().ShouldBe(90);
        changed.GetProperty("changed").GetRawText().ShouldBe("{\"max_concurrent\":5,\"timeout\":\"90s\",\"retry_budget\":0.1}");
        (await api.GetAsync("queues")).Json[0].GetProperty("max_concurrent").GetInt32().ShouldBe(5);

        var reset = (await api.SendAsync("POST", "queues/q/reset")).With(HttpStatusCode.OK).Json;
        reset.GetProperty("max_concurrent").GetInt32().ShouldBe(3);
        reset.TryGetProperty("changed", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("queues/q", "{\"max_concurent\":5}", 400, "bad_body", "did you mean 'max_concurrent'")]
    [InlineData("queues/q", "{\"max_concurrent\":0}", 400, "invalid", "max_concurrent expects 1 or more")]
    [InlineData("queues/q", "{\"max_concurrent\":null}", 400, "bad_body", "reset")]
    [InlineData("queues/q", "{\"timeout\":90}", 400, "bad_body", "timeout expects a duration")]
    [InlineData("queues/q", "{\"run\":[\"sh\"]}", 400, "bad_body", "no key 'run'")]
    [InlineData("queues/q", "{}", 400, "bad_body", "names nothing")]
    [InlineData("queues/q", "[1]", 400, "bad_body", "A change of a queue expects JSON")]
    [InlineData("queues/qq", "{\"max_concurrent\":1}", 404, "not_found", "did you mean 'q'")]
    [InlineData("queues/undeclared", "{\"max_concurrent\":1}", 404, "not_found", "No node has declared")]
    public async Task A_change_that_is_wrong_changes_nothing(string path, string body, int status, string code, string saying)
    {
        await using var api = await Api.StartAsync();
        await api.JoinAsync(new QueueDefinition { Name = "q", MaxConcurrent = 3 });
        await api.EnqueueAsync("queues/undeclared/jobs");

        (await api.SendAsync("PATCH", path, body)).Problem((HttpStatusCode)status, code, saying);

        (await api.GetAsync("queues")).Json.EnumerateArray().Single(queue => queue.GetProperty("queue").GetString() == "q").GetProperty("max_concurrent").GetInt32().ShouldBe(3);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_queue_is_paused_and_resumed(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);

        (await api.SendAsync("POST", "queues/q/pause")).With(HttpStatusCode.OK).Json.GetProperty("paused").GetBoolean().ShouldBeTrue();
        (await api.SendAsync("POST", "queues/q/resume")).With(HttpStatusCode.OK).Json.GetProperty("paused").GetBoolean().ShouldBeFalse();
        (await api.SendAsync("POST", "queues/other/resume")).Problem(HttpStatusCode.NotFound, "not_found", "no queue 'other'");
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Workers_are_shown_and_asked_to_end(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        var node = await api.JoinAsync(new QueueDefinition { Name = "q", Label = "AI", MaxConcurrent = 3 });
        await api.Store.ReportPoolsAsync(node, [Pool("q", "AI", "ai_1.1", "ai_2.1")]);

        var workers = (await api.GetAsync("workers")).With(HttpStatusCode.OK).Json;
        workers.EnumerateArray().Select(worker => worker.GetProperty("id").GetString()).ShouldBe(["ai_1.1", "ai_2.1"]);
        workers[0].GetProperty("state").GetString().ShouldBe("busy");
        workers[0].GetProperty("node_name").GetString().ShouldBe("node");

        (await api.SendAsync("DELETE", "workers/ai_2.1")).With(HttpStatusCode.Accepted).Json.GetProperty("ending").GetInt32().ShouldBe(1);
        (await api.Store.HeartbeatAsync(node)).EndWorkers.ShouldBe(["ai_2.1"]);
        (await api.SendAsync("DELETE", "workers/ai_9.1")).Problem(HttpStatusCode.NotFound, "not_found", "no worker 'ai_9.1'", "did you mean 'ai_");
        (await api.SendAsync("DELETE", "workers")).With(HttpStatusCode.Accepted).Json.GetProperty("ending").GetInt32().ShouldBe(2);
        (await api.Store.HeartbeatAsync(node)).EndWorkers.ShouldBe(["ai_1.1", "ai_2.1"], ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Figures_of_pools_are_added_up_over_nodes(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        var one = await api.JoinAsync(new QueueDefinition { Name = "q", MaxConcurrent = 4 });
        var two = await api.JoinAsync(new QueueDefinition { Name = "q", MaxConcurrent = 4 });
        await api.EnqueueAsync("queues/q/jobs");
        await api.Store.ReportPoolsAsync(one, [Pool("q", "q", "a") with { Most = 1, Use = 1, JobsPerMinute = 30, AverageSeconds = 1, P95Seconds = 2 }]);
        await api.Store.ReportPoolsAsync(two, [Pool("q", "q", "b", "c") with
        {
            Most = 3, Use = 0.5, JobsPerMinute = 10, AverageSeconds = 3, P95Seconds = 4, LastError = "no such program", LastErrorAt = TimeProvider.System.GetUtcNow(),
        }]);

        var stats = (await api.GetAsync("stats")).With(HttpStatusCode.OK).Json;

        stats.GetProperty("store").GetProperty("stale_refused").GetInt64().ShouldBe(0);
        var queue = stats.GetProperty("queues")[0];
        queue.GetProperty("queued").GetInt64().ShouldBe(1);
        var pool = queue.GetProperty("pool");
        pool.GetProperty("nodes").GetInt32().ShouldBe(2);
        pool.GetProperty("processes").GetInt32().ShouldBe(3);
        pool.GetProperty("most").GetInt32().ShouldBe(4);
        pool.GetProperty("use").GetDouble().ShouldBe(0.625);
        pool.GetProperty("jobs_per_minute").GetInt32().ShouldBe(40);
        pool.GetProperty("average_seconds").GetDouble().ShouldBe(1.5);
        pool.GetProperty("p95_seconds").GetDouble().ShouldBe(4);
        pool.GetProperty("ends").GetProperty("crashed").GetInt64().ShouldBe(4);
        pool.GetProperty("last_error").GetString().ShouldBe("no such program");
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Groups_breakers_and_limits_are_listed(bool inFile)
    {
        await using var api = await Api.StartAsync(inFile);
        await api.EnqueueAsync("queues/q/jobs?group=acme");
        await api.Store.DeclareLimitsAsync([new NamedLimit("api", new Limit { Rate = Rate.Parse("8/s") })]);
        await api.Store.OpenBreakerAsync("q/acme", TimeSpan.FromMinutes(5));

        (await api.GetAsync("groups?queue=q")).Json[0].GetProperty("group").GetString().ShouldBe("acme");
        (await api.GetAsync("breakers")).Json[0].GetProperty("state").GetString().ShouldBe("open");
        (await api.GetAsync("limits")).Json[0].GetProperty("declared").GetProperty("rate").GetString().ShouldBe("8/s");
        (await api.GetAsync("groups?queue=p")).Problem(HttpStatusCode.NotFound, "not_found", "did you mean 'q'");
    }

    private static PoolReport Pool(string queue, string label, params string[] workers) => new()
    {
        Queue = queue,
        Label = label,
        Most = 3,
        Workers = [.. workers.Select(id => new WorkerInfo { Id = id, Pid = 42, StartedAt = TimeProvider.System.GetUtcNow(), State = WorkerState.Busy, Job = new JobId(1) })],
        Ends = new Dictionary<WorkerEnd, long> { [WorkerEnd.Crashed] = 2, [WorkerEnd.JobEnded] = 7 },
    };

    private static IEnumerable<string?> Messages(JsonElement page) => page.GetProperty("lines").EnumerateArray().Select(line => line.GetProperty("message").GetString());
}
