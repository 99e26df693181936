using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Storage.KeyAnswer;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Keys that are taken once.</summary>
internal static class KeyCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Key.KeptAtOnce", "Without an attempt a new key is kept at once: seen from then on, in every process.", KeptAtOnce),
        new("Key.HeldWhileItRuns", "A key claimed for an attempt is held as long as it runs, for that attempt too.", HeldWhileItRuns),
        new("Key.Many", "Many keys are answered in order, each by itself; the same twice in one call: the first counts.", Many),
        new("Key.CompletionKeeps", "An attempt that completes its job keeps its keys.", CompletionKeeps),
        new("Key.OtherEndsFree", "An attempt that fails, times out, is deferred, handed back or cancelled frees its keys.", OtherEndsFree),
        new("Key.LostFrees", "An attempt whose node leaves, dies or no longer knows it frees its keys.", LostFrees),
        new("Key.EarlierAttemptFrees", "What an earlier attempt claimed is not kept by a later one's success.", EarlierAttemptFrees),
        new("Key.TakenOver", "A key that came free is the next claimer's alone: the first one's job no longer decides.", TakenOver),
        new("Key.StaleGetsNothing", "A stale attempt hears held, and what it asked for stays free.", StaleGetsNothing),
        new("Key.SettleKeeps", "What an attempt has kept stays, whatever becomes of it.", SettleKeeps),
        new("Key.SettleGivesBack", "What an attempt gives back is new again.", SettleGivesBack),
        new("Key.SettleOnlyOwn", "An attempt settles only what is claimed for it and not settled, as long as it runs.", SettleOnlyOwn),
        new("Key.Expiry", "A kept key is new again after its time, counted from when it was kept.", Expiry),
        new("Key.ExpiryFromCompletion", "The time of a key that a completion keeps counts from then.", ExpiryFromCompletion),
        new("Key.OutlivesItsJob", "Forgetting a job forgets none of what it decided.", OutlivesItsJob),
        new("Key.ExpiredAreForgotten", "Expired keys are forgotten, and counted with what was.", ExpiredAreForgotten),
        new("Key.ScopesApart", "Equal keys of other scopes, and keys that differ by a letter's case, are other keys.", ScopesApart),
        new("Key.Unsound", "A scope or key that is empty or too long, no key at all, and no time are errors; nothing is taken.", Unsound),
        new("Key.ManyClaimers", "Of many that claim a key at once exactly one hears new.", ManyClaimers),
    ];

    private static KeyClaim Claim(AttemptKey? attempt, params string[] keys) => new() { Scope = "seen", Keys = keys, Attempt = attempt };

    private static ValueTask<IReadOnlyList<KeyAnswer>> ClaimAsync(Scene scene, AttemptKey? attempt, params string[] keys) => scene.Store.ClaimKeysAsync(Claim(attempt, keys));

    private static async Task ExpectAsync(Scene scene, KeyAnswer answer, AttemptKey? attempt, params string[] keys) =>
        Expect.Sequence(keys.Select(_ => answer), await ClaimAsync(scene, attempt, keys), $"the answers to {string.Join(", ", keys)}");

    private static ValueTask<int> SettleAsync(Scene scene, AttemptKey attempt, bool keep, params string[] keys) => scene.Store.SettleKeysAsync(new("seen", keys, attempt, keep));

    private static async Task<(NodeId Node, ClaimedJob First, ClaimedJob Second)> TwoRunAsync(Scene scene)
    {
        var node = await scene.JoinAsync(Registration() with { Lease = TimeSpan.FromDays(400) });
        await scene.EnqueueManyAsync(2);
        return (node, await scene.ClaimOneAsync(node), await scene.ClaimOneAsync(node));
    }

    private static async Task KeptAtOnce(Scene scene)
    {
        await ExpectAsync(scene, New, null, "a");
        await ExpectAsync(scene, Seen, null, "a");
        Expect.Sequence([Seen, New], await (await scene.OpenAnotherAsync()).ClaimKeysAsync(Claim(null, "a", "b")));
        var (_, job, _) = await TwoRunAsync(scene);
        Expect.Sequence([Seen, New], await ClaimAsync(scene, job.Key, "a", "c"));
    }

    private static async Task HeldWhileItRuns(Scene scene)
    {
        var (_, first, second) = await TwoRunAsync(scene);
        await ExpectAsync(scene, New, first.Key, "a");
        await ExpectAsync(scene, Held, second.Key, "a");
        await ExpectAsync(scene, Held, first.Key, "a");
        await ExpectAsync(scene, Held, null, "a");
        Expect.Sequence([Held], await (await scene.OpenAnotherAsync()).ClaimKeysAsync(Claim(second.Key, "a")));
    }

    private static async Task Many(Scene scene)
    {
        var (_, first, second) = await TwoRunAsync(scene);
        await ExpectAsync(scene, New, null, "kept");
        Expect.Sequence([New, New, Held, Seen, New], await ClaimAsync(scene, first.Key, "a", "b", "a", "kept", "c"));
        Expect.Sequence([Held, New, Held], await ClaimAsync(scene, second.Key, "c", "d", "a"));
        Expect.Sequence([New, Seen], await ClaimAsync(scene, null, "e", "e"));
        var many = Enumerable.Range(0, 5000).Select(static i => $"k{i}").ToArray();
        await ExpectAsync(scene, New, first.Key, many);
        await ExpectAsync(scene, Held, null, many);
    }

    private static async Task CompletionKeeps(Scene scene)
    {
        var (node, first, second) = await TwoRunAsync(scene);
        await ExpectAsync(scene, New, first.Key, "a", "b");
        await scene.CompleteAsync(node, first);
        await ExpectAsync(scene, Seen, second.Key, "a", "b");
        await ExpectAsync(scene, Seen, null, "a");
    }

    private static async Task OtherEndsFree(Scene scene)
    {
        var node = await scene.JoinAsync(Registration() with { Lease = TimeSpan.FromDays(400) });
        Func<ClaimedJob, JobTransition>[] ends =
        [
            job => scene.Failed(job),
            job => scene.Failed(job, AttemptOutcome.TimedOut, abandoned: true),
            job => scene.Retried(job),
            job => JobTransition.Deferred(scene.Times(job), null, TimeSpan.FromSeconds(30), WaitCause.Limit),
            job => JobTransition.HandedBack(scene.Times(job)),
            job => JobTransition.Cancelled(scene.Times(job)),
        ];
        foreach (var end in ends)
        {
            await scene.EnqueueAsync(Job(priority: 9));
            var job = await scene.ClaimOneAsync(node);
            await ExpectAsync(scene, New, job.Key, "a");
            await scene.DoneAsync(node, end(job));
        }
        await ExpectAsync(scene, New, null, "a");
    }

    private static async Task LostFrees(Scene scene)
    {
        await scene.EnqueueManyAsync(1);
        var forgetful = await scene.JoinAsync();
        await ExpectAsync(scene, New, (await scene.ClaimOneAsync(forgetful)).Key, "a");
        Expect.Equal(1, await scene.Store.ReconcileAsync(forgetful, scene.NextSequence(forgetful), []));
        await ExpectAsync(scene, New, (await scene.ClaimOneAsync(forgetful)).Key, "a");
        await scene.Store.LeaveAsync(forgetful);
        var doomed = await scene.OpenAnotherAsync();
        var node = await scene.JoinAsync(store: doomed);
        await ExpectAsync(scene, New, (await scene.ClaimOneAsync(node, store: doomed)).Key, "a");
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        await ExpectAsync(scene, New, null, "a");
    }

    private static async Task EarlierAttemptFrees(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var first = await scene.ClaimOneAsync(node);
        await ExpectAsync(scene, New, first.Key, "a", "b");
        await scene.DoneAsync(node, scene.Retried(first, delay: 0));
        var second = await scene.ClaimOneAsync(node);
        await ExpectAsync(scene, New, second.Key, "a");
        await scene.CompleteAsync(node, second);
        Expect.Sequence([Seen, New], await ClaimAsync(scene, null, "a", "b"));
    }

    private static async Task TakenOver(Scene scene)
    {
        var (node, first, second) = await TwoRunAsync(scene);
        await ExpectAsync(scene, New, first.Key, "a");
        await scene.DoneAsync(node, scene.Retried(first, delay: 0));
        await ExpectAsync(scene, New, second.Key, "a");
        var again = await scene.ClaimOneAsync(node);
        await ExpectAsync(scene, Held, again.Key, "a");
        await scene.CompleteAsync(node, again);
        await ExpectAsync(scene, Held, null, "a");
        await scene.DoneAsync(node, scene.Failed(second));
        await ExpectAsync(scene, New, null, "a");
    }

    private static async Task StaleGetsNothing(Scene scene)
    {
        var (node, first, second) = await TwoRunAsync(scene);
        await scene.CompleteAsync(node, second);
        await ExpectAsync(scene, Held, second.Key, "a");
        await ExpectAsync(scene, Held, first.Key with { Fence = first.Key.Fence + 1 }, "a");
        await ExpectAsync(scene, Held, new(new(4711), 1), "a");
        await ExpectAsync(scene, New, first.Key, "a");
    }

    private static async Task SettleKeeps(Scene scene)
    {
        var (node, first, second) = await TwoRunAsync(scene);
        await ExpectAsync(scene, New, first.Key, "a", "b", "c");
        Expect.Equal(2, await SettleAsync(scene, first.Key, true, "a", "b"));
        Expect.Sequence([Seen, Seen, Held], await ClaimAsync(scene, second.Key, "a", "b", "c"));
        await scene.DoneAsync(node, scene.Failed(first));
        Expect.Sequence([Seen, Seen, New], await ClaimAsync(scene, second.Key, "a", "b", "c"));
    }

    private static async Task SettleGivesBack(Scene scene)
    {
        var (node, first, second) = await TwoRunAsync(scene);
        await ExpectAsync(scene, New, first.Key, "a", "b");
        Expect.Equal(1, await SettleAsync(scene, first.Key, false, "a"));
        Expect.Sequence([New, Held], await ClaimAsync(scene, second.Key, "a", "b"));
        await scene.CompleteAsync(node, first);
        Expect.Sequence([Held, Seen], await ClaimAsync(scene, null, "a", "b"));
    }

    private static async Task SettleOnlyOwn(Scene scene)
    {
        var (node, first, second) = await TwoRunAsync(scene);
        await ExpectAsync(scene, New, null, "kept");
        await ExpectAsync(scene, New, first.Key, "a", "b");
        await ExpectAsync(scene, New, second.Key, "c");
        Expect.Equal(0, await SettleAsync(scene, second.Key, false, "a", "b", "kept", "never"));
        Expect.Equal(0, await scene.Store.SettleKeysAsync(new("elsewhere", ["a"], first.Key, false)));
        Expect.Equal(1, await SettleAsync(scene, first.Key, true, "a", "a"));
        Expect.Equal(0, await SettleAsync(scene, first.Key, false, "a"));
        await scene.CompleteAsync(node, first);
        Expect.Equal(0, await SettleAsync(scene, first.Key, false, "b"));
        await scene.DoneAsync(node, scene.Failed(second));
        Expect.Equal(0, await SettleAsync(scene, second.Key, true, "c"));
        Expect.Sequence([Seen, Seen, New, Seen], await ClaimAsync(scene, null, "a", "b", "c", "kept"));
    }

    private static async Task Expiry(Scene scene)
    {
        var (_, first, second) = await TwoRunAsync(scene);
        var keep = TimeSpan.FromSeconds(10);
        await scene.Store.ClaimKeysAsync(Claim(null, "a") with { Keep = keep });
        await scene.Store.ClaimKeysAsync(Claim(first.Key, "b") with { Keep = keep });
        scene.Wait(9);
        await SettleAsync(scene, first.Key, true, "b");
        Expect.Sequence([Seen, Seen], await ClaimAsync(scene, second.Key, "a", "b"));
        scene.Wait(1);
        Expect.Sequence([New, Seen], await ClaimAsync(scene, second.Key, "a", "b"));
        scene.Wait(9);
        Expect.Sequence([Held, New], await ClaimAsync(scene, second.Key, "a", "b"));
        await scene.Store.ClaimKeysAsync(Claim(null, "ever") with { Keep = TimeSpan.FromDays(365_000) });
        scene.Wait(86_400 * 29);
        await ExpectAsync(scene, Seen, null, "ever");
    }

    private static async Task ExpiryFromCompletion(Scene scene)
    {
        var (node, first, _) = await TwoRunAsync(scene);
        await scene.Store.ClaimKeysAsync(Claim(first.Key, "a") with { Keep = TimeSpan.FromSeconds(10) });
        scene.Wait(100);
        await ExpectAsync(scene, Held, null, "a");
        await scene.CompleteAsync(node, first);
        scene.Wait(9);
        await ExpectAsync(scene, Seen, null, "a");
        scene.Wait(1);
        await ExpectAsync(scene, New, null, "a");
    }

    private static async Task OutlivesItsJob(Scene scene)
    {
        var (node, first, second) = await TwoRunAsync(scene);
        await ExpectAsync(scene, New, first.Key, "a");
        await ExpectAsync(scene, New, second.Key, "b");
        await scene.CompleteAsync(node, first);
        await scene.DoneAsync(node, scene.Failed(second));
        var batch = await scene.Store.EnqueueBatchAsync(Batch(1));
        var item = await scene.ClaimOneAsync(node);
        Expect.Equal(batch, item.Batch);
        await ExpectAsync(scene, New, item.Key, "c");
        await scene.CompleteAsync(node, item);
        scene.Wait(60);
        Expect.Equal(4, await scene.Store.PruneAsync(new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60))));
        Expect.Empty(await scene.AllAsync());
        Expect.Sequence([Seen, New, Seen], await ClaimAsync(scene, null, "a", "b", "c"));
        scene.Wait(KeyClaim.DefaultKeep.TotalSeconds - 60);
        Expect.Sequence([New, Seen, New], await ClaimAsync(scene, null, "a", "b", "c"));
    }

    private static async Task ExpiredAreForgotten(Scene scene)
    {
        await scene.Store.ClaimKeysAsync(Claim(null, "a", "b", "c") with { Keep = TimeSpan.FromSeconds(10) });
        await ExpectAsync(scene, New, null, "d");
        scene.Wait(9);
        Expect.Equal(0, await scene.Store.PruneAsync(Retention.Default));
        scene.Wait(1);
        Expect.Equal(2, await scene.Store.PruneAsync(Retention.Default, limit: 2));
        Expect.Equal(1, await scene.Store.PruneAsync(Retention.Default));
        Expect.Sequence([New, New, New, Seen], await ClaimAsync(scene, null, "a", "b", "c", "d"));
    }

    private static async Task ScopesApart(Scene scene)
    {
        await ExpectAsync(scene, New, null, "a", "A", "ä", " a", new('k', 1000));
        Expect.Sequence([New, New], await scene.Store.ClaimKeysAsync(Claim(null, "a", "A") with { Scope = "Seen" }));
        Expect.Sequence([New], await scene.Store.ClaimKeysAsync(Claim(null, "a") with { Scope = new('s', 200) }));
        await ExpectAsync(scene, Seen, null, "a", "A", "ä", " a", new('k', 1000));
    }

    private static async Task Unsound(Scene scene)
    {
        KeyClaim[] claims =
        [
            Claim(null, "a") with { Scope = "" },
            Claim(null, "a") with { Scope = new('s', 201) },
            Claim(null),
            Claim(null, "a", ""),
            Claim(null, "a", new('k', 1001)),
            Claim(null, "a") with { Keep = TimeSpan.Zero },
            Claim(null, "a") with { Keep = TimeSpan.FromSeconds(-1) },
        ];
        foreach (var claim in claims)
        {
            await Expect.ThrowsAsync<ArgumentException>(async () => await scene.Store.ClaimKeysAsync(claim));
        }
        await ExpectAsync(scene, New, null, "a");
    }

    private static async Task ManyClaimers(Scene scene)
    {
        var (_, first, second) = await TwoRunAsync(scene);
        var other = await scene.OpenAnotherAsync();
        var keys = Enumerable.Range(0, 50).Select(static i => $"k{i}").ToArray();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            (i % 2 == 0 ? scene.Store : other).ClaimKeysAsync(Claim(i % 4 < 2 ? first.Key : second.Key, i % 3 == 0 ? [.. keys.Reverse()] : keys)).AsTask()));
        Expect.Equal(keys.Length, answers.Sum(static each => each.Count(static answer => answer == New)), "the number of new keys");
        Expect.Equal(7 * keys.Length, answers.Sum(static each => each.Count(static answer => answer == Held)), "the number of held keys");
    }
}
