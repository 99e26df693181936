using Fairlead.Diagnostics;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>What readers see: lists, queues, reasons, logs, progress.</summary>
internal static class QueryCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Query.UnknownIsNull", "What does not exist is null, or empty.", UnknownIsNull),
        new("Query.Filters", "Everything that is set in a query must hold.", Filters),
        new("Query.ItemsOnlyByBatch", "Items of batches are listed only where their batch is named.", ItemsOnlyByBatch),
        new("Query.Pages", "Pages follow each other without gap or overlap, in both directions.", Pages),
        new("Query.Queues", "Every queue that was ever used or declared is listed, by name.", Queues),
        new("Query.OldestQueued", "A queue says since when its longest-waiting job has been ready.", OldestQueued),
        new("Query.ReasonNoNode", "A job whose kind no live node knows says so.", ReasonNoNode),
        new("Query.ReasonSlot", "A job of a queue at its max_concurrent says so.", ReasonSlot),
        new("Query.ReasonScheduled", "A scheduled job says until when.", ReasonScheduled),
        new("Log.InOrder", "Lines come back in order, page by page.", LogInOrder),
        new("Log.OfBatch", "The log of a batch is that of all its items, in order.", LogOfBatch),
        new("Log.Contains", "Only lines that hold the text come back, whatever the case of ASCII letters; pages count what they show.", LogContains),
        new("Log.ContainsInBatch", "The log of a batch is searched like that of a job.", LogContainsInBatch),
        new("Log.IsBounded", "Of each attempt the first 10,000 lines and 1 MiB are kept, and one line says that it was cut; other attempts lose nothing by it.", LogIsBounded),
        new("Log.UnknownIsIgnored", "Lines of unknown jobs are ignored.", LogOfUnknown),
        new("Progress.LatestIsKept", "The latest progress of a running attempt is kept.", ProgressLatest),
        new("Progress.StaleIsIgnored", "Reports of attempts that no longer hold their job are ignored.", ProgressStale),
    ];

    private static async Task UnknownIsNull(Scene scene)
    {
        Expect.Null(await scene.Store.GetJobAsync(new(4711)));
        Expect.Empty(await scene.Store.GetTimelinesAsync(new(4711)));
        Expect.Empty((await scene.Store.ReadLogAsync(new(4711))).Lines);
        Expect.Empty((await scene.Store.ListJobsAsync(new() { Batch = new(4711) })).Jobs);
        Expect.Empty(await scene.Store.GetBlocksAsync("unknown", scene.Clock.Now, scene.Clock.Now));
    }

    private static async Task<IReadOnlyList<JobId>> ListAsync(Scene scene, JobQuery query) =>
        [.. (await scene.Store.ListJobsAsync(query)).Jobs.Select(j => j.Id)];

    private static async Task Filters(Scene scene)
    {
        var a = await scene.EnqueueAsync(Job("a") with { Group = "g" });
        var delayed = await scene.EnqueueAsync(Job("a", delay: 9) with { Group = "g" });
        var b = await scene.EnqueueAsync(Job("b") with { Group = "g" });
        var other = await scene.EnqueueAsync(Job("a"));
        var batch = await scene.Store.EnqueueBatchAsync(Batch(1) with { Queue = "a" });
        Expect.Sequence([a, delayed, b, other, batch], await ListAsync(scene, new()));
        Expect.Sequence([a, delayed, other, batch], await ListAsync(scene, new() { Queue = "a" }));
        Expect.Sequence([delayed], await ListAsync(scene, new() { Status = JobStatus.Scheduled }));
        Expect.Sequence([a, b], await ListAsync(scene, new() { Group = "g", Status = JobStatus.Queued }));
        Expect.Sequence([batch], await ListAsync(scene, new() { BatchesOnly = true }));
        Expect.Empty(await ListAsync(scene, new() { Queue = "nowhere" }));
    }

    private static async Task ItemsOnlyByBatch(Scene scene)
    {
        var job = await scene.EnqueueAsync();
        var batch = await scene.Store.EnqueueBatchAsync(Batch(3));
        await scene.Store.EnqueueBatchAsync(Batch(2));
        Expect.Equal(3, (await ListAsync(scene, new())).Count);
        Expect.Sequence([0, 1, 2], (await scene.ItemsAsync(batch)).Select(i => i.Item ?? -1));
        Expect.Equal(3, (await ListAsync(scene, new() { Batch = batch, Status = JobStatus.Queued })).Count);
        Expect.Empty(await ListAsync(scene, new() { Batch = batch, Status = JobStatus.Failed }));
        Expect.Equal(job, (await ListAsync(scene, new()))[0]);
    }

    private static async Task Pages(Scene scene)
    {
        var ids = await scene.EnqueueManyAsync(25);
        foreach (var newestFirst in (bool[])[false, true])
        {
            var seen = new List<JobId>();
            JobId? cursor = null;
            do
            {
                var page = await scene.Store.ListJobsAsync(new() { Limit = 10, Cursor = cursor, NewestFirst = newestFirst });
                seen.AddRange(page.Jobs.Select(j => j.Id));
                cursor = page.Next;
            }
            while (cursor is not null && seen.Count < 100);
            Expect.Sequence(newestFirst ? ids.Reverse() : ids, seen);
        }
        Expect.Null((await scene.Store.ListJobsAsync(new() { Limit = 25 })).Next, "next page after the last job");
    }

    private static async Task Queues(Scene scene)
    {
        await scene.EnqueueAsync(Job("used"));
        await scene.JoinAsync(Registration(new() { Name = "declared", MaxConcurrent = 4 }));
        await scene.Store.PauseAsync("paused");
        var queues = await scene.Store.ListQueuesAsync();
        Expect.Sequence(["declared", "paused", "used"], queues.Select(q => q.Name));
        Expect.Sequence([false, true, false], queues.Select(q => q.Paused));
        Expect.Equal(4, queues[0].Definition?.MaxConcurrent);
        Expect.Equal(1L, queues[2].Jobs.Queued);
    }

    private static async Task OldestQueued(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        scene.Wait(5);
        await scene.EnqueueAsync(Job(priority: 9));
        Expect.Equal(scene.Clock.Now.AddSeconds(-5), (await scene.QueueAsync()).OldestQueuedAt);
        await scene.ClaimAsync(node);
        Expect.Null((await scene.QueueAsync()).OldestQueuedAt);
    }

    private static async Task ReasonNoNode(Scene scene)
    {
        var id = await scene.EnqueueAsync(Job(kind: "rare"));
        Expect.Equal(WaitCause.NoNode, (await scene.GetAsync(id)).Reason?.Cause);
        await scene.JoinAsync();
        Expect.Equal(WaitCause.NoNode, (await scene.GetAsync(id)).Reason?.Cause);
        await scene.JoinAsync(Registration(null, new JobKind("rare")));
        Expect.Equal(WaitCause.Start, (await scene.GetAsync(id)).Reason?.Cause);
    }

    private static async Task ReasonSlot(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        var ids = await scene.EnqueueManyAsync(2);
        await scene.ClaimAsync(node);
        var reason = (await scene.GetAsync(ids[1])).Reason;
        Expect.Equal((WaitCause.Slot, Scene.Queue), (reason?.Cause ?? default, reason?.Key));
    }

    private static async Task ReasonScheduled(Scene scene)
    {
        var reason = (await scene.GetAsync(await scene.EnqueueAsync(Job(delay: 60)))).Reason;
        Expect.Equal((WaitCause.Scheduled, (DateTimeOffset?)scene.Clock.Now.AddSeconds(60)), (reason?.Cause ?? default, reason?.Until));
    }

    private static JobLogLine Line(Scene scene, AttemptKey attempt, string text) => new(attempt, scene.Clock.Now, LogLevel.Information, text);

    private static async Task LogInOrder(Scene scene)
    {
        var id = await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(await scene.JoinAsync());
        await scene.Store.AppendLogAsync([.. Enumerable.Range(0, 5).Select(i => Line(scene, job.Key, $"line {i}"))]);
        await scene.Store.AppendLogAsync([Line(scene, job.Key, "ü €") with { Level = LogLevel.Error }]);
        var first = await scene.Store.ReadLogAsync(id, limit: 4);
        Expect.Sequence(["line 0", "line 1", "line 2", "line 3"], first.Lines.Select(l => l.Message));
        var rest = await scene.Store.ReadLogAsync(id, first.Next);
        Expect.Sequence(["line 4", "ü €"], rest.Lines.Select(l => l.Message));
        Expect.Equal((job.Key, scene.Clock.Now, LogLevel.Error), (rest.Lines[1].Attempt, rest.Lines[1].At, rest.Lines[1].Level));
        Expect.Empty((await scene.Store.ReadLogAsync(id, rest.Next)).Lines);
        Expect.Equal(rest.Next, (await scene.Store.ReadLogAsync(id, rest.Next)).Next);
    }

    private static async Task LogOfBatch(Scene scene)
    {
        var batch = await scene.Store.EnqueueBatchAsync(Batch(2));
        var jobs = await scene.ClaimAsync(await scene.JoinAsync());
        await scene.Store.AppendLogAsync([Line(scene, jobs[1].Key, "a"), Line(scene, jobs[0].Key, "b"), Line(scene, jobs[1].Key, "c")]);
        Expect.Sequence(["a", "b", "c"], (await scene.Store.ReadLogAsync(batch)).Lines.Select(l => l.Message));
        Expect.Sequence(["b"], (await scene.Store.ReadLogAsync(jobs[0].Key.Job)).Lines.Select(l => l.Message));
    }

    private static async Task LogContains(Scene scene)
    {
        var id = await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(await scene.JoinAsync());
        string[] messages = ["Status: FAILED", "100% of a_b", "failed again", "Überfällig", "c:\\temp", "1000 of axb", "it has Failed", "the end"];
        await scene.Store.AppendLogAsync([.. messages.Select(message => Line(scene, job.Key, message))]);
        (string Text, string[] Lines)[] searches =
        [
            ("failed", ["Status: FAILED", "failed again", "it has Failed"]), ("FAILED", ["Status: FAILED", "failed again", "it has Failed"]), ("0%", ["100% of a_b"]),
            ("a_b", ["100% of a_b"]), ("\\T", ["c:\\temp"]), ("überfällig", []), ("ÜBERFÄLLIG", []), ("ÜberFäll", ["Überfällig"]), ("nowhere", []), ("", messages),
        ];
        foreach (var (text, lines) in searches)
        {
            Expect.Sequence(lines, (await scene.Store.ReadLogAsync(id, contains: text)).Lines.Select(l => l.Message), $"lines with '{text}'");
        }
        var page = await scene.Store.ReadLogAsync(id, limit: 2, contains: "failed");
        Expect.Sequence(["Status: FAILED", "failed again"], page.Lines.Select(l => l.Message));
        var rest = await scene.Store.ReadLogAsync(id, page.Next, 2, "failed");
        Expect.Sequence(["it has Failed"], rest.Lines.Select(l => l.Message));
        Expect.Empty((await scene.Store.ReadLogAsync(id, rest.Next)).Lines);
    }

    private static async Task LogContainsInBatch(Scene scene)
    {
        var batch = await scene.Store.EnqueueBatchAsync(Batch(2));
        var jobs = await scene.ClaimAsync(await scene.JoinAsync());
        await scene.Store.AppendLogAsync([Line(scene, jobs[1].Key, "one Error"), Line(scene, jobs[0].Key, "fine"), Line(scene, jobs[0].Key, "error two")]);
        Expect.Sequence(["one Error", "error two"], (await scene.Store.ReadLogAsync(batch, contains: "error")).Lines.Select(l => l.Message));
        Expect.Sequence(["error two"], (await scene.Store.ReadLogAsync(batch, (await scene.Store.ReadLogAsync(batch, limit: 1)).Next, contains: "error")).Lines.Select(l => l.Message));
    }

    private static async Task LogIsBounded(Scene scene)
    {
        var (many, large) = (await scene.EnqueueAsync(), await scene.EnqueueAsync());
        var jobs = await scene.ClaimAsync(await scene.JoinAsync());
        for (var page = 0; page < 11; page++)
        {
            await scene.Store.AppendLogAsync([.. Enumerable.Range(page * 1000, 1000).Select(i => Line(scene, jobs[0].Key, $"line {i}"))]);
        }
        var kept = (await scene.Store.ReadLogAsync(many, limit: 20_000)).Lines;
        Expect.Equal((10_001, "line 0", "line 9999"), (kept.Count, kept[0].Message, kept[9999].Message));
        Expect.Contains("cut", kept[10_000].Message);

        await scene.Store.AppendLogAsync([.. Enumerable.Range(0, 18).Select(_ => Line(scene, jobs[1].Key, new string('x', 70_000)))]);
        kept = (await scene.Store.ReadLogAsync(large)).Lines;
        Expect.Equal((17, 64 * 1024, 1024 * 1024), (kept.Count, kept[0].Message.Length, kept.Take(16).Sum(line => line.Message.Length)));
        Expect.Contains("cut", kept[16].Message);
        await scene.Store.AppendLogAsync([Line(scene, new(many, jobs[0].Key.Fence + 1), "of the next attempt")]);
        Expect.Equal("of the next attempt", (await scene.Store.ReadLogAsync(many, limit: 20_000)).Lines[^1].Message);
    }

    private static async Task LogOfUnknown(Scene scene)
    {
        var id = await scene.EnqueueAsync();
        await scene.Store.AppendLogAsync([Line(scene, new(new(4711), 1), "lost"), Line(scene, new(id, 1), "kept")]);
        Expect.Sequence(["kept"], (await scene.Store.ReadLogAsync(id)).Lines.Select(l => l.Message));
        Expect.Empty((await scene.Store.ReadLogAsync(new(4711))).Lines);
    }

    private static async Task ProgressLatest(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        Expect.Null((await scene.GetAsync(id)).Progress);
        await scene.Store.ReportProgressAsync(node, [new(job.Key, 1, 10), new(job.Key, 3, 10)]);
        Expect.Equal(new AttemptProgress(3, 10), (await scene.GetAsync(id)).Progress);
        await scene.DoneAsync(node, scene.Retried(job, 0));
        await scene.ClaimOneAsync(node);
        Expect.Null((await scene.GetAsync(id)).Progress, "progress of the next attempt");
    }

    private static async Task ProgressStale(Scene scene)
    {
        var (node, other) = (await scene.JoinAsync(), await scene.JoinAsync());
        var id = await scene.EnqueueAsync();
        var old = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, scene.Retried(old, 0));
        var current = await scene.ClaimOneAsync(node);
        await scene.Store.ReportProgressAsync(node, [new(old.Key, 9, 9), new(new(new(4711), 1), 9, 9)]);
        await scene.Store.ReportProgressAsync(other, [new(current.Key, 9, 9)]);
        Expect.Null((await scene.GetAsync(id)).Progress);
    }
}
