using Fairlead.Storage;
using Microsoft.Extensions.Logging;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Texts that many stores cannot keep as they are.</summary>
internal static class TextCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Text.UniqueKeys", "Unique keys are equal only to themselves, with zero characters and halves of surrogate pairs in them too.", UniqueKeys),
        new("Text.OnceKeys", "So are keys that are taken once, and their scopes.", OnceKeys),
        new("Text.NamesAndGroups", "Names of queues, kinds, batches and groups come back as they were given.", NamesAndGroups),
        new("Text.ErrorsAndLogs", "Errors and lines of a log come back as they were given, and are found by what is in them.", ErrorsAndLogs),
        new("Text.KeyFromPayload", "A key or group that a payload holds may hold any text, too.", KeyFromPayload),
    ];

    /// <summary>All differ; carelessly written to UTF-8 or cut at a zero character, some would not.</summary>
    private static readonly string[] s_strange =
        ["a", "a\0", "a\0b", "a\0c", "a\uFFFD", "a\uD800", "a\uDC00", "a\uDC00\uD800", "a\U0001F600", "a\u001A", "a\u001A0000", "\0", "\u001A", "\uD800"];

    private static async Task UniqueKeys(Scene scene)
    {
        var first = await scene.Store.EnqueueAsync([.. s_strange.Select(key => Job(key: key))]);
        Expect.Sequence(s_strange.Select(static _ => false), first.Select(static added => added.Existing), "each key is new");
        var again = await scene.Store.EnqueueAsync([.. s_strange.Select(key => Job(key: key))]);
        Expect.Sequence(first.Select(static added => new EnqueuedJob(added.Id, true)), again, "each key is held by its own job");
        Expect.Sequence(s_strange, (await scene.AllAsync()).Select(static job => job.UniqueKey));
    }

    private static async Task OnceKeys(Scene scene)
    {
        var claim = new KeyClaim { Scope = "scope", Keys = s_strange, Keep = TimeSpan.FromDays(1) };
        Expect.Sequence(s_strange.Select(static _ => KeyAnswer.New), await scene.Store.ClaimKeysAsync(claim));
        Expect.Sequence(s_strange.Select(static _ => KeyAnswer.Seen), await scene.Store.ClaimKeysAsync(claim));
        Expect.Sequence(s_strange.Select(static _ => KeyAnswer.New), await scene.Store.ClaimKeysAsync(claim with { Scope = "scope\0" }));
    }

    private static async Task NamesAndGroups(Scene scene)
    {
        const string Queue = "queue\0\uD800", Kind = "kind\0\uDC00", Group = "group\0\uDBFF", Name = "batch\0\uDFFF";
        var id = await scene.EnqueueAsync(Job(Queue, Kind, group: Group));
        var batch = await scene.Store.EnqueueBatchAsync(Batch(1, name: Name));
        var node = await scene.JoinAsync(Registration(new() { Name = Queue }, new JobKind(Kind)));
        var job = (await scene.Store.ClaimAsync(scene.Request(node, queue: Queue, kinds: new JobKind(Kind)))).Jobs.Single();
        Expect.Equal((id, Group), (job.Key.Job, job.Group!));
        var kept = await scene.GetAsync(id);
        Expect.Equal((Queue, Kind, Group), (kept.Queue, kept.Kind.Name, kept.Group!));
        Expect.Equal(batch, (await scene.Store.FindBatchAsync(Name))!.Value);
        Expect.Equal(null, await scene.Store.FindBatchAsync("batch\0\uFFFD"));
        Expect.Equal(1L, (await scene.QueueAsync(Queue)).Jobs.Processing);
    }

    private static async Task ErrorsAndLogs(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        await scene.Store.AppendLogAsync([.. s_strange.Select(line => new JobLogLine(job.Key, scene.Clock.Now, LogLevel.Information, line))]);
        await scene.DoneAsync(node, JobTransition.Failed(scene.Times(job), AttemptOutcome.Failed, "broke: \0 \uD800 \u001A"));
        Expect.Equal("broke: \0 \uD800 \u001A", (await scene.GetAsync(id)).Error);
        Expect.Sequence(s_strange, (await scene.Store.ReadLogAsync(id)).Lines.Select(static line => line.Message));
        Expect.Sequence(["a\0b"], (await scene.Store.ReadLogAsync(id, contains: "\0B")).Lines.Select(static line => line.Message));
    }

    private static async Task KeyFromPayload(Scene scene)
    {
        await scene.JoinAsync(new QueueDefinition { Name = Scene.Queue, Unique = "/id", Group = "/of" });
        string[] ids = ["\\u0000", "\\uD800", "\\uDC00", "\\uD83D\\uDE00", "x"];
        NewJob[] jobs = [.. ids.Select(static id => Job(payload: $"{{\"id\":\"{id}\",\"of\":\"{id}\"}}"))];
        Expect.Sequence(ids.Select(static _ => false), (await scene.Store.EnqueueAsync(jobs)).Select(static added => added.Existing));
        Expect.Sequence(ids.Select(static _ => true), (await scene.Store.EnqueueAsync(jobs)).Select(static added => added.Existing));
    }
}
