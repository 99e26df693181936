using Fairlead.PostgreSql;
using Fairlead.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>Jobs in the caller's own transaction: there if and only if it commits, and nobody waits for it while it is open.</summary>
public sealed class TransactionTests(SharedServer server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 0)]
    public async Task Jobs_appear_if_and_only_if_the_caller_commits(bool commits, int expected)
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        await using var connection = await test.ConnectAsync();
        IReadOnlyList<EnqueuedJob> added;
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            added = await store.EnqueueAsync([TestStore.Job("1"), TestStore.Job("2")], transaction);
            (await QueuedAsync(store)).ShouldBe(0);
            (await store.GetJobAsync(added[0].Id)).ShouldBeNull();
            if (commits)
            {
                await transaction.CommitAsync();
            }
        }
        (await store.GetJobAsync(added[1].Id))?.Payload.ToArray().ShouldBe("2"u8.ToArray());
        (await QueuedAsync(store)).ShouldBe(expected);
        (await store.EnqueueAsync([TestStore.Job()]))[0].Id.Value.ShouldBeGreaterThan(added[1].Id.Value);
    }

    [Fact]
    public async Task A_batch_joins_the_current_transaction_of_Entity_Framework()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        await using var context = new Shop(test);
        await context.Database.ExecuteSqlRawAsync(context.Database.GenerateCreateScript());
        await using var transaction = await context.Database.BeginTransactionAsync();
        context.Orders.Add(new Order { Id = 1 });
        await context.SaveChangesAsync();
        var batch = await store.EnqueueBatchAsync(new() { Queue = "q", MaxParallel = 1, Items = [TestStore.Job(), TestStore.Job()] }, transaction.GetDbTransaction());
        await transaction.CommitAsync();
        (await store.GetJobAsync(batch))!.BatchState!.Items.Queued.ShouldBe(2);
        (await store.GetJobAsync(new(batch.Value + 2)))!.Batch.ShouldBe(batch);
    }

    [Fact]
    public async Task An_error_inside_the_callers_transaction_undoes_only_the_call()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await store.EnqueueAsync([TestStore.Job()], transaction);
        await Should.ThrowAsync<ArgumentException>(async () => await store.EnqueueAsync([TestStore.Job(), TestStore.Job() with { After = [new(99)] }], transaction));
        await transaction.CommitAsync();
        (await QueuedAsync(store)).ShouldBe(1);
    }

    [Fact]
    public async Task A_job_waits_for_one_that_came_before_it_in_the_same_transaction()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var first = (await store.EnqueueAsync([TestStore.Job()], transaction))[0].Id;
        var second = (await store.EnqueueAsync([TestStore.Job() with { After = [first] }], transaction))[0].Id;
        await transaction.CommitAsync();
        (await store.GetJobAsync(second))!.Status.ShouldBe(JobStatus.Blocked);
    }

    [Fact]
    public async Task Transactions_of_elsewhere_are_refused()
    {
        await using var test = await TestStore.NewAsync(server);
        await using var foreign = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        await (await foreign.OpenAsync()).DisposeAsync();
        await using var connection = await test.ConnectAsync("template1");
        await using (var other = await connection.BeginTransactionAsync())
        {
            (await RefusedAsync(store, other)).ShouldContain("template1");
        }
        await using var sqlite = new Microsoft.Data.Sqlite.SqliteConnection("Data Source=:memory:");
        sqlite.Open();
        await using (var other = sqlite.BeginTransaction())
        {
            (await RefusedAsync(store, other)).ShouldContain("Expected an open NpgsqlTransaction");
        }
        await using var own = await test.ConnectAsync();
        await using var ended = await own.BeginTransactionAsync();
        await ended.CommitAsync();
        (await RefusedAsync(store, ended)).ShouldContain("ended");
    }

    [Fact]
    public async Task A_listener_hears_of_jobs_in_the_callers_transaction_soon_after_its_commit()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        var (listens, heard) = (Signal(), Signal());
        TaskCompletionSource? told = null;
        using var listening = store.Listen(_ => (told ?? listens).TrySetResult());
        await listens.Task.WaitAsync(Patience);
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await store.EnqueueAsync([TestStore.Job()], transaction);
        told = heard;
        await transaction.CommitAsync();
        await heard.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_transaction_held_open_holds_up_nobody()
    {
        await using var test = await TestStore.NewAsync(server);
        var (store, other) = (await test.OpenAsync(), await test.OpenAsync());
        var node = (await other.JoinAsync(TestStore.Registration(new() { Name = "q", GroupConcurrency = 3 }))).Node;
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var inside = await store.EnqueueAsync([TestStore.Job() with { Group = "g", UniqueKey = "inside" }], transaction);
        await store.EnqueueBatchAsync(new() { Queue = "q", Items = [TestStore.Job() with { UniqueKey = "item" }] }, transaction);

        await other.EnqueueAsync([TestStore.Job() with { Group = "g", UniqueKey = "outside" }]).AsTask().WaitAsync(Patience);
        var job = (await other.ClaimAsync(TestStore.Request(node, 1)).AsTask().WaitAsync(Patience)).Jobs.ShouldHaveSingleItem();
        job.Key.Job.ShouldNotBe(inside[0].Id);
        (await other.ApplyAsync(node, [TestStore.Completed(job, TestStore.Job())]).AsTask().WaitAsync(Patience)).ShouldBe([ApplyResult.Applied]);
        (await other.HeartbeatAsync(node).AsTask().WaitAsync(Patience)).Held.ShouldBeTrue();

        await transaction.CommitAsync();
        (await other.ClaimAsync(TestStore.Request(node, 2))).Jobs.Count.ShouldBe(3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_unique_key_in_two_open_transactions_gives_one_job(bool commits)
    {
        await using var test = await TestStore.NewAsync(server);
        var (store, other) = (await test.OpenAsync(), await test.OpenAsync());
        await using var connection = await test.ConnectAsync();
        await using var connectionToo = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var transactionToo = await connectionToo.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        var first = (await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k" }], transaction))[0];
        (await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k" }], transaction))[0].ShouldBe(new(first.Id, Existing: true));
        var second = other.EnqueueAsync([TestStore.Job() with { UniqueKey = "k" }], transactionToo).AsTask();
        await WaitsAsync(test);
        second.IsCompleted.ShouldBeFalse();
        await (commits ? transaction.CommitAsync() : transaction.RollbackAsync());

        var answer = (await second.WaitAsync(Patience))[0];
        answer.Existing.ShouldBe(commits);
        answer.Id.Equals(first.Id).ShouldBe(commits);
        await transactionToo.CommitAsync();
        (await QueuedAsync(store)).ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_enqueue_of_a_key_in_an_open_transaction_waits_and_alone_waits(bool commits)
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var inside = (await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k" }], transaction))[0];
        var waiting = store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k" }]).AsTask();
        var batch = store.EnqueueBatchAsync(new() { Queue = "q", LeaveOutHeld = true, Items = [TestStore.Job(), TestStore.Job() with { UniqueKey = "k" }] }).AsTask();
        await WaitsAsync(test);
        await store.EnqueueAsync([TestStore.Job()]).AsTask().WaitAsync(Patience);
        (waiting.IsCompleted || batch.IsCompleted).ShouldBeFalse();
        await (commits ? transaction.CommitAsync() : transaction.RollbackAsync());

        var answer = (await waiting.WaitAsync(Patience))[0];
        var items = (await store.GetJobAsync(await batch.WaitAsync(Patience)))!.BatchState!.Items.Total;
        if (commits)
        {
            answer.ShouldBe(new(inside.Id, Existing: true));
            items.ShouldBe(1);
        }
        else
        {
            // Whichever of the two came first has it.
            (answer.Existing ? items == 2 : items == 1).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task A_retry_of_a_job_whose_key_an_open_transaction_has_waits_for_it()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        var failed = (await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k" }]))[0].Id;
        await store.CancelAsync(failed);
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        (await store.EnqueueAsync([TestStore.Job() with { UniqueKey = "k" }], transaction))[0].Existing.ShouldBeFalse();
        var retry = store.RetryAsync(failed).AsTask();
        await WaitsAsync(test);
        await transaction.CommitAsync();
        (await retry.WaitAsync(Patience)).ShouldBe(0);
    }

    private static async Task<long> QueuedAsync(PostgreSqlJobStore store) => (await store.ListQueuesAsync()).Sum(static queue => queue.Jobs.Queued);

    private static async Task<string> RefusedAsync(PostgreSqlJobStore store, System.Data.Common.DbTransaction transaction) =>
        (await Should.ThrowAsync<ArgumentException>(async () => await store.EnqueueAsync([TestStore.Job()], transaction))).Message;

    /// <summary>Somebody waits for a lock of a key.</summary>
    internal static async Task WaitsAsync(TestStore test)
    {
        using var patience = new CancellationTokenSource(Patience);
        await using var connection = await test.ConnectAsync();
        await using var command = new NpgsqlCommand($"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = (hashtext('fairlead keys {test.Schema}')::bigint & 4294967295)::oid", connection);
        while (await command.ExecuteScalarAsync(patience.Token) is null)
        {
            await Task.Yield();
        }
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Shop(TestStore test) : DbContext
    {
        public DbSet<Order> Orders => Set<Order>();

        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.HasDefaultSchema(test.Schema);

        protected override void OnConfiguring(DbContextOptionsBuilder options) => options.UseNpgsql(test.ConnectionString + ";Pooling=false");
    }

    private sealed class Order
    {
        public int Id { get; set; }
    }
}
