using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Fairlead.Sqlite.Tests;

public sealed class TransactionTests
{
    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 0)]
    public async Task Jobs_appear_if_and_only_if_the_caller_commits(bool commits, int expected)
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        await using var connection = new SqliteConnection($"Data Source={temp.Path};Pooling=False");
        connection.Open();
        await using (var transaction = connection.BeginTransaction())
        {
            await store.EnqueueAsync([TempStore.Job(), TempStore.Job()], transaction);
            (await store.ListQueuesAsync()).ShouldBeEmpty();
            if (commits)
            {
                await transaction.CommitAsync();
            }
        }
        (await store.ListQueuesAsync()).Sum(q => q.Jobs.Queued).ShouldBe(expected);
        (await store.EnqueueAsync([TempStore.Job()]))[0].Id.Value.ShouldBe(expected + 1);
    }

    [Fact]
    public async Task A_batch_joins_the_current_transaction_of_Entity_Framework()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        await using var context = new Shop(temp.Path);
        await context.Database.ExecuteSqlRawAsync("CREATE TABLE Orders(Id INTEGER PRIMARY KEY)");
        await using var transaction = await context.Database.BeginTransactionAsync();
        context.Orders.Add(new Order { Id = 1 });
        await context.SaveChangesAsync();
        var batch = await store.EnqueueBatchAsync(new() { Queue = "q", Items = [TempStore.Job(), TempStore.Job()] }, transaction.GetDbTransaction());
        await transaction.CommitAsync();
        (await store.GetJobAsync(batch))!.BatchState!.Items.Queued.ShouldBe(2);
    }

    [Fact]
    public async Task An_error_inside_the_callers_transaction_undoes_only_the_call()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        await using var connection = new SqliteConnection($"Data Source={temp.Path};Pooling=False");
        connection.Open();
        await using var transaction = connection.BeginTransaction();
        await store.EnqueueAsync([TempStore.Job()], transaction);
        await Should.ThrowAsync<ArgumentException>(async () => await store.EnqueueAsync([TempStore.Job(), TempStore.Job() with { After = [new(99)] }], transaction));
        await transaction.CommitAsync();
        (await store.ListQueuesAsync()).Single().Jobs.Queued.ShouldBe(1);
    }

    [Fact]
    public async Task A_transaction_of_another_file_is_refused()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        await using var connection = new SqliteConnection($"Data Source={temp.Path}-other;Pooling=False");
        connection.Open();
        await using var transaction = connection.BeginTransaction();
        (await Should.ThrowAsync<ArgumentException>(async () => await store.EnqueueAsync([TempStore.Job()], transaction))).Message.ShouldContain("-other");
    }

    [Fact]
    public async Task A_listener_hears_of_jobs_in_the_callers_transaction_soon_after_its_commit()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = store.Listen(_ => heard.TrySetResult());
        await using var connection = new SqliteConnection($"Data Source={temp.Path};Pooling=False");
        connection.Open();
        await using var transaction = connection.BeginTransaction();
        await store.EnqueueAsync([TempStore.Job()], transaction);
        heard.Task.IsCompleted.ShouldBeFalse();
        await transaction.CommitAsync();
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private sealed class Shop(string path) : DbContext
    {
        public DbSet<Order> Orders => Set<Order>();

        protected override void OnConfiguring(DbContextOptionsBuilder options) => options.UseSqlite($"Data Source={path}");
    }

    private sealed class Order
    {
        public int Id { get; set; }
    }
}
