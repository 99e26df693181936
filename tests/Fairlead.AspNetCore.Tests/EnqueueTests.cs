using System.Net;
using System.Text;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Tests;

/// <summary>Jobs and batches come in: once, whole, by the rules of their queue.</summary>
public sealed class EnqueueTests : IAsyncLifetime
{
    private Api _api = null!;

    public async ValueTask InitializeAsync() => _api = await Api.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_job_is_its_payload_and_its_options()
    {
        var reply = (await _api.SendAsync(
            "POST", "queues/q/jobs?priority=5&delay=1h&group=g&unique=u&timeout=30s&deadline=2h&kind=thing.do@2&retries=7", "{\n  \"a\": [1, \"ö\"]\n}\n")).With(HttpStatusCode.Accepted);
        var id = reply.Json.GetProperty("id").GetInt64();
        reply.Response.Headers.Location!.ToString().ShouldBe($"/api/v1/jobs/{id}");

        var job = (await _api.GetAsync($"jobs/{id}")).With(HttpStatusCode.OK);

        job.Text.ShouldNotContain('\n');
        job.Json.GetProperty("payload").GetProperty("a")[1].GetString().ShouldBe("ö");
        job.Json.GetProperty("status").GetString().ShouldBe("scheduled");
        job.Json.GetProperty("kind").GetString().ShouldBe("thing.do@2");
        job.Json.GetProperty("priority").GetInt32().ShouldBe(5);
        job.Json.GetProperty("group").GetString().ShouldBe("g");
        job.Json.GetProperty("unique").GetString().ShouldBe("u");
        (job.Json.GetProperty("deadline").GetDateTimeOffset() - job.Json.GetProperty("enqueued_at").GetDateTimeOffset()).ShouldBe(TimeSpan.FromHours(2), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_job_without_a_body_has_the_payload_null() =>
        (await _api.SendAsync("POST", "queues/q/jobs")).With(HttpStatusCode.Accepted).Text.ShouldContain("\"payload\":null");

    [Fact]
    public async Task A_queue_may_be_called_anything()
    {
        await _api.EnqueueAsync("queues/run%3Aa%2Fb/jobs");

        (await _api.GetAsync("jobs")).Json.GetProperty("jobs")[0].GetProperty("queue").GetString().ShouldBe("run:a/b");
    }

    [Fact]
    public async Task Of_many_with_one_unique_key_one_is_new()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(n => _api.SendAsync("POST", "queues/q/jobs?unique=one", $"{n}")));

        replies.Count(reply => reply.Response.StatusCode == HttpStatusCode.Accepted).ShouldBe(1);
        replies.Count(reply => reply.Response.StatusCode == HttpStatusCode.OK).ShouldBe(49);
        replies.Select(reply => reply.Json.GetProperty("id").GetInt64()).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task What_the_queue_says_holds()
    {
        await _api.JoinAsync(new QueueDefinition { Name = "q", Group = "/account", MaxPayload = 100, Deadline = TimeSpan.FromHours(1) });

        var job = (await _api.SendAsync("POST", "queues/q/jobs", "{\"account\":\"acme\"}")).With(HttpStatusCode.Accepted).Json;

        job.GetProperty("group").GetString().ShouldBe("acme");
        (job.GetProperty("deadline").GetDateTimeOffset() - job.GetProperty("enqueued_at").GetDateTimeOffset()).ShouldBe(TimeSpan.FromHours(1), TimeSpan.FromSeconds(1));
        (await _api.SendAsync("POST", "queues/q/jobs", $"\"{new string('x', 99)}\"")).Problem(HttpStatusCode.RequestEntityTooLarge, "too_large", "at most 100 bytes", "max_payload");
    }

    [Fact]
    public async Task Payloads_of_up_to_a_mebibyte_are_taken_and_no_larger_ones()
    {
        await _api.EnqueueAsync("queues/q/jobs", $"\"{new string('x', (1 << 20) - 2)}\"");
        (await _api.SendAsync("POST", "queues/q/jobs", $"\"{new string('x', (1 << 20) - 1)}\"")).Problem(HttpStatusCode.RequestEntityTooLarge, "too_large", "1,048,576");
    }

    [Theory]
    [InlineData("queues/q/jobs", "{broken", "application/json", 400, "bad_body", "expects JSON")]
    [InlineData("queues/q/jobs", "1 2", "application/json", 400, "bad_body", "expects JSON")]
    [InlineData("queues/q/jobs", "{}", "text/plain", 415, "media_type", "application/json")]
    [InlineData("queues/q/jobs?prority=1", "1", "application/json", 400, "bad_query", "did you mean 'priority'")]
    [InlineData("queues/q/jobs?priority=1001", "1", "application/json", 400, "bad_query", "from -1000 to 1000; got '1001'")]
    [InlineData("queues/q/jobs?priority=1&priority=2", "1", "application/json", 400, "bad_query", "one value")]
    [InlineData("queues/q/jobs?timeout=60", "1", "application/json", 400, "bad_query", "60s")]
    [InlineData("queues/q/jobs?timeout=0s", "1", "application/json", 400, "bad_query", "timeout expects")]
    [InlineData("queues/q/jobs?group=", "1", "application/json", 400, "bad_query", "not empty")]
    [InlineData("queues/q/batches", "[1,2]", "application/json", 400, "bad_body", "an object")]
    [InlineData("queues/q/batches", "{\"itmes\":[1]}", "application/json", 400, "bad_body", "did you mean 'items'")]
    [InlineData("queues/q/batches", "{\"items\":[]}", "application/json", 400, "invalid", "item")]
    [InlineData("queues/q/batches", "{\"items\":[1],\"max_workers\":0}", "application/json", 400, "invalid", "max_workers expects 1 or more")]
    [InlineData("queues/q/batches", "{\"items\":[1],\"max_workers\":\"many\"}", "application/json", 400, "bad_body", "max_workers")]
    [InlineData("queues/q/batches", "{\"items\":[1],\"finalize\":{\"payload\":1}}", "application/json", 400, "bad_body", "finalize expects a queue")]
    [InlineData("queues/q/batches", "{\"items\":[1]} {}", "application/json", 400, "bad_body", "A batch expects JSON")]
    [InlineData("queues/q/batches?name=n", "{\"items\":[1]}", "application/json", 400, "bad_query", "parameter 'name'")]
    [InlineData("queues/q/batches", "1\n\n{broken\n3", "application/x-ndjson", 400, "bad_body", "Line 3 is no JSON")]
    [InlineData("queues/q/batches", "", "application/x-ndjson", 400, "invalid", "item")]
    [InlineData("queues/q/batches", "1", "text/csv", 415, "media_type", "text/csv")]
    public async Task What_is_wrong_is_said_and_nothing_is_kept(string path, string body, string type, int status, string code, string saying)
    {
        (await _api.SendAsync("POST", path, body, type)).Problem((HttpStatusCode)status, code, saying);

        (await _api.GetAsync("jobs")).Json.GetProperty("jobs").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_batch_has_items_a_bound_and_a_last_job()
    {
        var batch = (await _api.SendAsync("POST", "queues/q/batches?group=g", """
            {"name": "prices", "max_workers": 8, "fail_on_error": true, "finalize": {"queue": "report", "payload": {"to": "ops"}}, "items": [1, {"a": [2, "]"]}, "three"]}
            """)).With(HttpStatusCode.Accepted).Json;

        batch.GetProperty("name").GetString().ShouldBe("prices");
        batch.GetProperty("total_items").GetInt64().ShouldBe(3);
        var stored = await _api.Store.GetJobAsync(new JobId(batch.GetProperty("id").GetInt64()));
        stored!.BatchState!.MaxParallel.ShouldBe(8);
        var items = (await _api.GetAsync("jobs?batch=prices")).Json.GetProperty("jobs").EnumerateArray().ToList();
        items.Select(item => item.GetProperty("payload").GetRawText()).ShouldBe(["1", "{\"a\": [2, \"]\"]}", "\"three\""]);
        items.ShouldAllBe(item => item.GetProperty("group").GetString() == "g");
        await EndAllAsync(3, "q");
        (await _api.GetAsync("jobs?queue=report")).Json.GetProperty("jobs")[0].GetProperty("payload").GetProperty("to").GetString().ShouldBe("ops");
    }

    [Fact]
    public async Task A_batch_of_a_hundred_thousand_lines_is_listed_page_by_page()
    {
        const int lines = 100_000;
        using var body = new LinesContent(lines);
        var reply = await Reply.ReadAsync(await _api.Client.PostAsync("/api/v1/queues/q/batches?name=big&max_workers=3", body, TestContext.Current.CancellationToken));
        var id = reply.With(HttpStatusCode.Accepted).Json.GetProperty("id").GetInt64();
        reply.Json.GetProperty("total_items").GetInt64().ShouldBe(lines);

        var seen = new List<int>();
        var cursor = "";
        do
        {
            var page = (await _api.GetAsync($"jobs/{id}/items?status=queued&limit=1000{cursor}")).With(HttpStatusCode.OK).Json;
            seen.AddRange(page.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("payload").GetProperty("n").GetInt32()));
            cursor = page.TryGetProperty("next", out var next) ? $"&cursor={next.GetInt64()}" : "";
        }
        while (cursor.Length > 0 && seen.Count < 2_500);
        seen.ShouldBe(Enumerable.Range(0, 3000));
    }

    [Fact]
    public async Task Who_waits_is_answered_with_the_end()
    {
        var node = await _api.JoinAsync(new QueueDefinition { Name = "q" });
        var waiting = _api.SendAsync("POST", "queues/q/jobs", "1", prefer: "respond-async, wait=30");
        AttemptKey? key = null;
        for (var sequence = 1; key is null; sequence++)
        {
            var claim = await _api.Store.ClaimAsync(new ClaimRequest { Node = node, Sequence = sequence, Slots = 1, Queues = [new QueueClaim("q", [new JobKind("q")], 1)] });
            key = claim.Jobs.Select(job => (AttemptKey?)job.Key).FirstOrDefault();
        }
        waiting.IsCompleted.ShouldBeFalse();
        await _api.CompleteAsync(node, key.Value, "{\"ok\":1}");

        var reply = (await waiting).With(HttpStatusCode.OK);

        reply.Json.GetProperty("result").GetProperty("ok").GetInt32().ShouldBe(1);
        reply.Response.Headers.GetValues("Preference-Applied").ShouldBe(["wait=30"]);
    }

    [Fact]
    public async Task Who_waited_in_vain_is_answered_that_it_is_on_its_way()
    {
        var reply = (await _api.SendAsync("POST", "queues/q/jobs", "1", prefer: "wait=0")).With(HttpStatusCode.Accepted);

        reply.Json.GetProperty("status").GetString().ShouldBe("queued");
        (await _api.SendAsync("POST", "queues/q/jobs", "1", prefer: "wait=soon")).With(HttpStatusCode.Accepted).Response.Headers.Contains("Preference-Applied").ShouldBeFalse();
    }

    private async Task EndAllAsync(int count, string queue)
    {
        var node = await _api.JoinAsync(new QueueDefinition { Name = queue });
        for (var i = 1; i <= count; i++)
        {
            await _api.CompleteAsync(node, await _api.ClaimAsync(node, queue, i));
        }
    }

    /// <summary>Lines that are made while they are sent.</summary>
    private sealed class LinesContent : HttpContent
    {
        private readonly int _lines;

        public LinesContent(int lines)
        {
            _lines = lines;
            Headers.Add("Content-Type", "application/x-ndjson");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var i = 0; i < _lines; i++)
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes($"{{\"n\":{i}}}\r\n"));
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
