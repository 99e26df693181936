using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class ReconcileCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Reconcile.GivesBackTheRest", "What the store counts as the node's and the node does not hold is given back, at no cost.", GivesBackTheRest),
        new("Reconcile.KeepsHeld", "What the node holds stays its own.", KeepsHeld),
        new("Reconcile.LateClaimGetsNothing", "A claim with a lower number that comes after it gets nothing.", LateClaimGetsNothing),
        new("Reconcile.LateReconcileDoesNothing", "A reconciliation that comes late itself gives nothing back.", LateReconcileDoesNothing),
        new("Reconcile.OldFenceIsNotHeld", "Holding an old attempt of a job is not holding the job.", OldFenceIsNotHeld),
        new("Reconcile.MarkedIsCancelled", "A job whose cancellation was asked for is cancelled when it is given back, not run again.", MarkedIsCancelled),
        new("Reconcile.OthersUntouched", "It concerns the node's own jobs only.", OthersUntouched),
    ];

    private static async Task GivesBackTheRest(Scene scene)
    {
        var node = await scene.JoinAsync();
        var ids = await scene.EnqueueManyAsync(3);
        var jobs = await scene.ClaimAsync(node);
        Expect.Equal(2, await scene.Store.ReconcileAsync(node, scene.NextSequence(node), [jobs[1].Key]));
        Expect.Equal(new() { Queued = 2, Processing = 1 }, await scene.TallyAsync());
        var again = await scene.ClaimAsync(node);
        Expect.Sequence([ids[0], ids[2]], again.Select(j => j.Key.Job));
        Expect.Sequence([1, 1], again.Select(j => j.Attempt));
    }

    private static async Task KeepsHeld(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        Expect.Equal(0, await scene.Store.ReconcileAsync(node, scene.NextSequence(node), [job.Key]));
        await scene.CompleteAsync(node, job);
    }

    private static async Task LateClaimGetsNothing(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var late = scene.Request(node);
        await scene.Store.ReconcileAsync(node, scene.NextSequence(node), []);
        Expect.Empty((await scene.Store.ClaimAsync(late)).Jobs);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task LateReconcileDoesNothing(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var late = scene.NextSequence(node);
        var job = await scene.ClaimOneAsync(node);
        Expect.Equal(0, await scene.Store.ReconcileAsync(node, late, []));
        await scene.CompleteAsync(node, job);
    }

    private static async Task OldFenceIsNotHeld(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var old = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, scene.Retried(old, 0));
        await scene.ClaimOneAsync(node);
        Expect.Equal(1, await scene.Store.ReconcileAsync(node, scene.NextSequence(node), [old.Key]));
    }

    private static async Task MarkedIsCancelled(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        await scene.ClaimOneAsync(node);
        await scene.Store.CancelAsync(id);
        await scene.Store.ReconcileAsync(node, scene.NextSequence(node), []);
        await scene.ExpectStatusAsync(id, JobStatus.Cancelled);
    }

    private static async Task OthersUntouched(Scene scene)
    {
        var (node, other) = (await scene.JoinAsync(), await scene.JoinAsync());
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(other);
        Expect.Equal(0, await scene.Store.ReconcileAsync(node, scene.NextSequence(node), []));
        await scene.CompleteAsync(other, job);
    }
}
