using System.Text;
using Fairlead.Sqlite;
using Fairlead.Storage;

namespace Fairlead.OwnProcess.Tests;

/// <summary>Limits of the cluster inside handlers of processes of their own: on the same store, in the name of the node and attempt that asks.</summary>
public sealed class PermitTests
{
    private static readonly JobKind Kind = new("permit");

    [Fact]
    public async Task A_number_at_once_is_held_in_the_name_of_the_attempt_and_its_node()
    {
        using var folder = new TempFolder();
        await using var store = new SqliteJobStore(new SqliteStoreOptions { ConnectionString = folder.At("app.db") }, TimeProvider.System);
        await store.OpenAsync();
        var (node, jobs) = await ClaimAsync(store);
        await using var first = Child.Start(file: folder.At("app.db"));
        await using var second = Child.Start(file: folder.At("app.db"));

        // A process that has only just started may find that its second was over when the store was open.
        do
        {
            Give(first, jobs[0], node, folder.At("go"));
            (await first.TextAsync()).ShouldBe($$"""{"waits":{{jobs[0].Key.Job}}}""");
            (await first.TextAsync()).ShouldBe($$"""{"works":{{jobs[0].Key.Job}}}""");
        }
        while (!await IsHeldAsync(first, folder));
        (await InUseAsync(store)).ShouldBe(1);

        // Another process finds none, and its job is told to come later.
        Give(second, jobs[1], node, "");
        await second.TextAsync();
        await second.TextAsync();
        var deferred = await second.LineAsync();
        deferred.GetProperty("defer").GetInt64().ShouldBe(jobs[1].Key.Job.Value);
        deferred.GetProperty("reason").GetString().ShouldBe("Limit 'one' has no permit within 1 s.");

        // The process is killed while it holds the permit: it ends with the attempt, in the store.
        first.Process.Kill();
        var times = new AttemptTimes(jobs[0].Key, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow());
        await store.ApplyAsync(node, [JobTransition.Failed(times, AttemptOutcome.Lost, "killed")]);
        (await InUseAsync(store)).ShouldBe(0);

        Give(second, jobs[2], node, "");
        await second.TextAsync();
        await second.TextAsync();
        (await second.TextAsync()).ShouldBe($$"""{"done":{{jobs[2].Key.Job}}}""");
    }

    private static async Task<(NodeId Node, IReadOnlyList<ClaimedJob> Jobs)> ClaimAsync(SqliteJobStore store)
    {
        var lease = await store.JoinAsync(new NodeRegistration
        {
            Name = "test", Slots = 10, Queues = [new(new QueueDefinition { Name = "own" }, [Kind])], Limits = [new("one", Limit.Concurrent(1))], Lease = TimeSpan.FromMinutes(5),
        });
        await store.EnqueueAsync([.. Enumerable.Range(0, 3).Select(static _ => new NewJob { Queue = "own", Kind = Kind, Payload = Encoding.UTF8.GetBytes("{}") })]);
        var claim = await store.ClaimAsync(new ClaimRequest { Node = lease.Node, Sequence = 1, Slots = 10, Queues = [new("own", [Kind], 10)] });
        claim.Jobs.Count.ShouldBe(3);
        return (lease.Node, claim.Jobs);
    }

    private static void Give(Child child, ClaimedJob job, NodeId node, string text) => child.Give(
        job.Key.Job.Value, "permit", text, $$""","fence":{{job.Key.Fence}},"node":{{node}}""");

    private static async Task<bool> IsHeldAsync(Child child, TempFolder folder)
    {
        var answer = child.TextAsync();
        await Task.WhenAny(answer, folder.UntilThereAsync("go.held"));
        return !answer.IsCompleted;
    }

    private static async Task<long> InUseAsync(SqliteJobStore store) => (await store.ListLimitsAsync()).Single(static limit => limit.Name == "one").InUse;
}
