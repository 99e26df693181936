using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>Many jobs at once: copied beside the store's turn, seen all together or not at all, whatever happens meanwhile.</summary>
public sealed class BulkTests(SharedServer server)
{
    private const int Many = 1500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Claims_completions_and_enqueues_go_on_while_a_batch_is_copied()
    {
        await using var test = await TestStore.NewAsync(server);
        var (store, other) = (await test.OpenAsync(), await test.OpenAsync());
        var node = (await other.JoinAsync(TestStore.Registration())).Node;
        await using var held = Hold(store);
        var copied = store.EnqueueBatchAsync(Batch(Many)).AsTask();
        await held.Reached.WaitAsync(Patience);

        await other.EnqueueAsync([TestStore.Job("\"beside\"")]).AsTask().WaitAsync(Patience);
        var job = (await other.ClaimAsync(TestStore.Request(node, 1)).AsTask().WaitAsync(Patience)).Jobs.ShouldHaveSingleItem();
        (await other.ApplyAsync(node, [TestStore.Completed(job)]).AsTask().WaitAsync(Patience)).ShouldBe([ApplyResult.Applied]);
        copied.IsCompleted.ShouldBeFalse();

        held.Release();
        var batch = await copied.WaitAsync(Patience);
        (await store.GetJobAsync(batch))!.BatchState!.Items.Queued.ShouldBe(Many);
        (await other.ClaimAsync(TestStore.Request(node, 2, 10))).Jobs.Select(static claimed => claimed.Key.Job.Value).ShouldBe(Enumerable.Range(1, 10).Select(i => batch.Value + i));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_bulk_that_was_ended_before_its_commit()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        store.WhenCopied = async () => await test.ExecuteAsync(
            $"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE 'COPY \"{test.Schema}\"%'");
        await Should.ThrowAsync<StoreUnavailableException>(async () => await store.EnqueueBatchAsync(Batch(Many)));
        (await CountAsync(test, "job")).ShouldBe(0);
        (await CountAsync(test, "ready")).ShouldBe(0);
        (await store.ListQueuesAsync()).Sum(static queue => queue.Jobs.Total).ShouldBe(0);
    }

    [Fact]
    public async Task A_bulk_puts_every_job_where_a_single_enqueue_puts_it()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        var node = (await store.JoinAsync(TestStore.Registration())).Node;
        await store.EnqueueAsync([TestStore.Job(), TestStore.Job()]);
        var awaited = (await store.ClaimAsync(TestStore.Request(node, 1, 2))).Jobs;
        var cancelled = (await store.EnqueueAsync([TestStore.Job() with { Delay = TimeSpan.FromDays(1) }]))[0].Id;
        await store.CancelAsync(cancelled);
        var held = (await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k0", Delay = TimeSpan.FromDays(1) }]))[0].Id;

        var added = await store.EnqueueAsync([.. Enumerable.Range(0, Many).Select(i => (i % 6) switch
        {
            0 => TestStore.Job(),
            1 => TestStore.Job() with { Group = $"g{i % 7}", Priority = 1, Deadline = TimeSpan.FromDays(1) },
            2 => TestStore.Job() with { Delay = TimeSpan.FromDays(1) },
            3 => TestStore.Job() with { After = [awaited[0].Key.Job, awaited[1].Key.Job] },
            4 => TestStore.Job() with { After = [cancelled] },
            _ => TestStore.Job() with { UniqueKey = $"k{i / 6 % 100}", Delay = TimeSpan.FromDays(2) },
        })]);

        const int each = Many / 6;
        added[5].ShouldBe(new(held, Existing: true));
        added.Count(static job => job.Existing).ShouldBe(each - 99);
        added.Where(static job => !job.Existing).Select(static job => job.Id.Value).ShouldBeInOrder();
        var jobs = (await store.ListQueuesAsync()).Single().Jobs;
        (jobs.Queued, jobs.Scheduled, jobs.Blocked, jobs.Cancelled).ShouldBe((2 * each, each + 99 + 1, each, each + 1));
        (await store.ListGroupsAsync("q")).Where(static group => group.Group is not null).Sum(static group => group.Ready).ShouldBe(each);
        (await store.GetJobAsync(added[4].Id))!.Error!.ShouldContain("was cancelled");

        await store.ApplyAsync(node, [.. awaited.Select(static job => TestStore.Completed(job))]);
        (await store.ListQueuesAsync()).Single().Jobs.Blocked.ShouldBe(0);
        (await store.GetJobAsync(added[3].Id))!.Status.ShouldBe(JobStatus.Queued);
        // All that is ready comes out, once each.
        var (claimed, sequence) = (new HashSet<JobId>(), 1);
        while ((await store.ClaimAsync(TestStore.Request(node, ++sequence, 1000))).Jobs is { Count: > 0 } some)
        {
            some.ShouldAllBe(job => claimed.Add(job.Key.Job));
            await store.ApplyAsync(node, [.. some.Select(static job => TestStore.Completed(job))]);
        }
        claimed.Count.ShouldBe(3 * each);
    }

    [Fact]
    public async Task A_batch_with_parallelism_has_that_many_items_in_play()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        var node = (await store.JoinAsync(TestStore.Registration())).Node;
        var batch = await store.EnqueueBatchAsync(Batch(Many) with { MaxParallel = 3, Finalize = TestStore.Job("\"end\"") });
        var first = (await store.ClaimAsync(TestStore.Request(node, 1))).Jobs;
        first.Count.ShouldBe(3);
        await store.ApplyAsync(node, [.. first.Select(static job => TestStore.Completed(job))]);
        (await store.ClaimAsync(TestStore.Request(node, 2))).Jobs.Select(static job => job.Key.Job.Value).ShouldBe([batch.Value + 4, batch.Value + 5, batch.Value + 6]);
        await store.CancelAsync(batch);
        (await store.GetJobAsync(batch))!.BatchState!.Items.Cancelled.ShouldBe(Many - 6);
    }

    [Fact]
    public async Task A_job_that_is_awaited_and_ends_while_the_bulk_is_copied_lets_go_of_it()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        var node = (await store.JoinAsync(TestStore.Registration())).Node;
        await store.EnqueueAsync([TestStore.Job(), TestStore.Job()]);
        var awaited = (await store.ClaimAsync(TestStore.Request(node, 1))).Jobs;
        store.WhenCopied = async () => await store.ApplyAsync(node, [TestStore.Completed(awaited[0]),
            JobTransition.Failed(new(awaited[1].Key, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow()), AttemptOutcome.Failed, "no")]);
        var added = await store.EnqueueAsync([.. Enumerable.Range(0, Many).Select(i => TestStore.Job() with { After = [awaited[i % 2].Key.Job] })]);
        (await store.GetJobAsync(added[0].Id))!.Status.ShouldBe(JobStatus.Queued);
        (await store.GetJobAsync(added[1].Id))!.Status.ShouldBe(JobStatus.Cancelled);
        var jobs = (await store.ListQueuesAsync()).Single().Jobs;
        (jobs.Queued, jobs.Blocked, jobs.Cancelled).ShouldBe((Many / 2, 0, Many / 2));
    }

    [Fact]
    public async Task What_changes_while_a_bulk_is_copied_is_seen_at_its_end()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        var node = (await store.JoinAsync(TestStore.Registration())).Node;
        var copies = 0;
        JobId taken = default;
        store.WhenCopied = async () =>
        {
            if (copies++ == 0)
            {
                // A key is taken, groups that nobody uses yet are forgotten, and the queue finds keys elsewhere from now on.
                taken = (await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k7" }]))[0].Id;
                await store.PruneAsync(Retention.Default);
                await store.DeclareAsync(node, TestStore.Registration(new() { Name = "q", Group = "/account" }));
            }
        };
        var added = await store.EnqueueAsync([.. Enumerable.Range(0, Many).Select(i => TestStore.Job($$"""{"account":"a{{i % 2}}"}""") with { UniqueKey = $"k{i}", Group = i % 3 == 0 ? $"g{i % 4}" : null })]);
        copies.ShouldBe(2);
        added[7].ShouldBe(new(taken, Existing: true));
        added.Count(static job => !job.Existing).ShouldBe(Many - 1);
        (await store.GetJobAsync(added[1].Id))!.Group.ShouldBe("a1");
        (await store.ListGroupsAsync("q")).Where(static group => group.Group is not null).Sum(static group => group.Ready).ShouldBe(Many - 1);
    }

    [Fact]
    public async Task A_key_that_a_batch_wants_and_somebody_takes_meanwhile_is_an_error_and_nothing_was_added()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        store.WhenCopied = async () => await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k7" }]);
        var batch = Batch(Many) with { Items = [.. Enumerable.Range(0, Many).Select(i => TestStore.Job() with { UniqueKey = $"k{i}" })] };
        (await Should.ThrowAsync<ArgumentException>(async () => await store.EnqueueBatchAsync(batch))).Message.ShouldContain("Item 7");
        (await store.ListQueuesAsync()).Sum(static queue => queue.Jobs.Total).ShouldBe(1);
    }

    [Fact]
    public async Task A_bulk_that_wants_a_key_of_an_open_transaction_waits_without_the_turn()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var inside = (await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k7" }], transaction))[0].Id;
        var bulk = store.EnqueueAsync([.. Enumerable.Range(0, Many).Select(i => TestStore.Job() with { UniqueKey = $"k{i}" })]).AsTask();
        await TransactionTests.WaitsAsync(test);
        await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "another" }]).AsTask().WaitAsync(Patience);
        await transaction.CommitAsync();
        (await bulk.WaitAsync(Patience))[7].ShouldBe(new(inside, Existing: true));
    }

    private static NewBatch Batch(int items) => new() { Queue = "q", Items = [.. Enumerable.Range(0, items).Select(static i => TestStore.Job($"{i}"))] };

    private static async Task<long> CountAsync(TestStore test, string table)
    {
        await using var connection = await test.ConnectAsync();
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM {test.Schema}.{table}", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static Seam Hold(PostgreSqlJobStore store)
    {
        var seam = new Seam();
        store.WhenCopied = seam.PassAsync;
        return seam;
    }

    /// <summary>A place in the code that says when it is reached, and goes on when it is told to.</summary>
    private sealed class Seam : IAsyncDisposable
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public void Release() => _released.TrySetResult();

        public async ValueTask PassAsync()
        {
            _reached.TrySetResult();
            await _released.Task;
        }

        public ValueTask DisposeAsync()
        {
            Release();
            return default;
        }
    }
}
