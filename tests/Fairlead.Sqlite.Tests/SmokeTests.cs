using Fairlead.Storage;

namespace Fairlead.Sqlite.Tests;

public sealed class SmokeTests
{
    [Fact]
    public void Every_statement_can_be_prepared()
    {
        SqlText.Names.Count().ShouldBeGreaterThan(100);
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection("Data Source=:memory:");
        connection.Open();
        using var statements = new Statements(connection.Handle!);
        foreach (var migration in SqlText.Migrations)
        {
            statements.Execute(migration);
        }
        foreach (var name in SqlText.Names)
        {
            Should.NotThrow(() => statements[name], name);
        }
    }

    [Fact]
    public async Task A_job_goes_from_enqueue_to_completed()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        var id = (await store.EnqueueAsync([TempStore.Job()]))[0].Id;
        (await store.GetJobAsync(id))!.Reason!.Value.Cause.ShouldBe(Diagnostics.WaitCause.NoNode);

        var node = (await store.JoinAsync(TempStore.Registration())).Node;
        var claim = await store.ClaimAsync(TempStore.Request(node, 1));
        claim.Jobs.Count.ShouldBe(1);
        (await store.GetJobAsync(id))!.Status.ShouldBe(JobStatus.Processing);
        (await store.ApplyAsync(node, [TempStore.Completed(claim.Jobs[0])])).ShouldBe([ApplyResult.Applied]);
        (await store.ApplyAsync(node, [TempStore.Completed(claim.Jobs[0])])).ShouldBe([ApplyResult.AlreadyApplied]);

        var job = (await store.GetJobAsync(id))!;
        job.Status.ShouldBe(JobStatus.Completed);
        job.Result.ToArray().ShouldBe("1"u8.ToArray());
        (await store.ListQueuesAsync()).Single().Jobs.Completed.ShouldBe(1);
        (await store.GetTimelinesAsync(id)).Single().Attempts.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_batch_ends_with_its_last_item_and_enqueues_its_finalize_job_once()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        var node = (await store.JoinAsync(TempStore.Registration())).Node;
        var batch = await store.EnqueueBatchAsync(new()
        {
            Name = "b", Queue = "q", Items = [TempStore.Job(), TempStore.Job(), TempStore.Job()], MaxParallel = 2, Finalize = TempStore.Job("\"end\""),
        });
        var first = await store.ClaimAsync(TempStore.Request(node, 1));
        first.Jobs.Count.ShouldBe(2);
        await store.ApplyAsync(node, [.. first.Jobs.Select(TempStore.Completed)]);
        var second = await store.ClaimAsync(TempStore.Request(node, 2));
        second.Jobs.Count.ShouldBe(1);
        await store.ApplyAsync(node, [.. second.Jobs.Select(TempStore.Completed)]);

        var job = (await store.GetJobAsync(batch))!;
        job.Status.ShouldBe(JobStatus.Completed);
        job.BatchState!.Items.Completed.ShouldBe(3);
        var last = await store.ClaimAsync(TempStore.Request(node, 3));
        last.Jobs.Single().Key.Job.ShouldBe(job.BatchState.FinalizeJob!.Value);
        last.Jobs.Single().Parent.ShouldBe(batch);
    }

    [Fact]
    public async Task Work_of_a_dead_node_is_ready_at_once()
    {
        await using var temp = new TempStore();
        var dying = await temp.OpenAsync();
        var store = await temp.OpenAsync();
        await store.EnqueueAsync([TempStore.Job()]);
        var node = (await dying.JoinAsync(TempStore.Registration())).Node;
        (await dying.ClaimAsync(TempStore.Request(node, 1))).Jobs.Count.ShouldBe(1);
        (await store.RescueAsync()).DeadNodes.ShouldBeEmpty();
        await dying.DisposeAsync();
        var rescued = await store.RescueAsync();
        rescued.DeadNodes.Single().Id.ShouldBe(node);
        rescued.Requeued.ShouldBe(1);
    }

    [Fact]
    public async Task A_commit_wakes_the_listeners_of_other_stores()
    {
        await using var temp = new TempStore();
        var one = await temp.OpenAsync();
        var other = await temp.OpenAsync();
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = other.Listen(signals =>
        {
            if (signals.HasFlag(StoreSignals.Work))
            {
                heard.TrySetResult();
            }
        });
        await one.EnqueueAsync([TempStore.Job()]);
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }
}
