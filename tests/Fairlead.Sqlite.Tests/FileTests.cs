using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Sqlite.Tests;

public sealed class FileTests
{
    [Fact]
    public async Task The_library_is_called_directly_here()
    {
        // Known once a file has been opened, and not before.
        await using var temp = new TempStore();
        await temp.OpenAsync();
        Native.IsFound.ShouldBeTrue();
    }

    [Fact]
    public async Task Another_programs_file_is_refused_with_what_to_do()
    {
        await using var temp = new TempStore();
        await File.WriteAllTextAsync(temp.Path, "This is a letter, and not a database. It is long enough to have a header of its own, one hundred bytes and more.");
        DatabaseFile.Inspect(temp.Path).ShouldBe(DatabaseContent.NotADatabase);
        var error = await Should.ThrowAsync<StoreMismatchException>(() => temp.OpenAsync());
        error.Message.ShouldContain("is not a SQLite database");
        (await File.ReadAllTextAsync(temp.Path)).ShouldStartWith("This is a letter");
    }

    [Fact]
    public async Task A_newer_version_is_refused_with_both_versions()
    {
        await using var temp = new TempStore();
        await (await temp.OpenAsync()).DisposeAsync();
        Run(temp.Path, "UPDATE fairlead_meta SET value = 99 WHERE name = 'schema'");
        var error = await Should.ThrowAsync<StoreMismatchException>(() => temp.OpenAsync());
        error.Message.ShouldContain("99");
        error.Message.ShouldContain($"up to {SqlText.Migrations.Count}");
    }

    [Fact]
    public async Task A_file_of_the_version_before_is_brought_up_with_all_its_jobs()
    {
        await using var temp = new TempStore();
        Run(temp.Path, string.Join('\n', SqlText.Migrations.Take(3)) + """
            ;INSERT INTO fairlead_meta(name, value) VALUES ('schema', 3);
            UPDATE fairlead_meta SET value = 3 WHERE name = 'next_job';
            INSERT INTO fairlead_queue(id, name) VALUES (1, 'q');
            INSERT INTO fairlead_kind(id, name, version) VALUES (1, 'work', 1);
            INSERT INTO fairlead_line(queue, kind) VALUES (1, 1);
            INSERT INTO fairlead_job(id, queue, kind, priority, enqueued_at, flags, extras, payload) VALUES (1, 1, 1, 0, 0, 0, '{"TraceParent":"t"}', '{}'), (2, 1, 1, 0, 0, 0, NULL, '{}');
            INSERT INTO fairlead_ready(queue, kind, priority, job, flags, attempt, fence, lost, since) VALUES (1, 1, 0, 1, 0, 0, 0, 0, 0);
            INSERT INTO fairlead_ended(job, status, spent, lost, ended_at, fence) VALUES (2, 4, 1, 0, 0, 1);
            INSERT INTO fairlead_tally(scope, scheduled, queued, blocked, processing, completed, failed, cancelled, timed_out) VALUES (-1, 0, 1, 0, 0, 1, 0, 0, 0);
            """);
        var clock = new Testing.ManualClock();
        var store = await temp.OpenAsync(clock);
        (await store.GetJobAsync(new(2)))!.Status.ShouldBe(JobStatus.Completed);
        var node = (await store.JoinAsync(TempStore.Registration())).Node;
        var old = (await store.ClaimAsync(TempStore.Request(node, 1))).Jobs.Single();
        old.TraceParent.ShouldBe("t");
        (await store.ClaimKeysAsync(new() { Scope = "s", Keys = ["k"], Attempt = old.Key })).ShouldBe([KeyAnswer.New]);
        AttemptTimes times = new(old.Key, clock.Now, clock.Now);
        (await store.ApplyAsync(node, [JobTransition.Branched(times, new() { Queue = "q", Items = [TempStore.Job()] }, [])])).ShouldBe([ApplyResult.Applied]);
        var child = (await store.ClaimAsync(TempStore.Request(node, 2))).Jobs.Single();
        await store.ApplyAsync(node, [TempStore.Completed(child)]);
        (await store.GetJobAsync(new(1)))!.Status.ShouldBe(JobStatus.Completed);
    }

    [Fact]
    public async Task What_a_file_holds_is_told_before_anything_is_written()
    {
        await using var temp = new TempStore();
        DatabaseFile.Inspect(temp.Path).ShouldBe(DatabaseContent.Empty);
        Run(temp.Path, "CREATE TABLE customer(id)");
        DatabaseFile.Inspect(temp.Path).ShouldBe(DatabaseContent.Foreign);
        await temp.OpenAsync();
        DatabaseFile.Inspect(temp.Path).ShouldBe(DatabaseContent.Fairlead);
    }

    [Fact]
    public async Task A_missing_folder_is_an_error_that_names_the_file()
    {
        var store = new SqliteJobStore("/no/such/folder/x.db", TimeProvider.System);
        var error = await Should.ThrowAsync<StoreUnavailableException>(async () => await store.OpenAsync());
        error.Message.ShouldContain("/no/such/folder/x.db");
    }

    [Fact]
    public void A_store_in_memory_is_refused_here() =>
        Should.Throw<ArgumentException>(() => new SqliteJobStore(":memory:", TimeProvider.System)).Message.ShouldContain("UseInMemory");

    [Fact]
    public async Task A_full_disk_is_said_and_nothing_of_the_call_is_kept_and_it_goes_on_when_there_is_room()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync(options: new() { ConnectionString = temp.Path, MaxPages = 400 });
        var jobs = Enumerable.Range(0, 1000).Select(_ => TempStore.Job(new string(' ', 4000) + "1")).ToArray();
        var error = await Should.ThrowAsync<StoreUnavailableException>(async () => await store.EnqueueAsync(jobs));
        error.Message.ShouldContain("full");
        (await store.ListQueuesAsync()).ShouldBeEmpty();
        (await store.EnqueueAsync([TempStore.Job()])).Count.ShouldBe(1);
        (await store.ListQueuesAsync()).Single().Jobs.Queued.ShouldBe(1);
    }

    [Fact]
    public async Task One_operations_error_does_not_hurt_the_others_of_its_group()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        var calls = Enumerable.Range(0, 200).Select(i => store.EnqueueAsync([i % 10 == 0 ? TempStore.Job() with { After = [new(999_999)] } : TempStore.Job()]).AsTask()).ToArray();
        await Should.ThrowAsync<ArgumentException>(() => Task.WhenAll(calls));
        calls.Count(c => c.IsFaulted).ShouldBe(20);
        (await store.ListQueuesAsync()).Single().Jobs.Queued.ShouldBe(180);
    }

    [Fact]
    public async Task A_long_transaction_of_somebody_else_is_waited_for()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        await using var other = new SqliteConnection($"Data Source={temp.Path};Pooling=False");
        other.Open();
        var transaction = other.BeginTransaction();
        var enqueue = store.EnqueueAsync([TempStore.Job()]).AsTask();
        enqueue.IsCompleted.ShouldBeFalse();
        await transaction.RollbackAsync();
        (await enqueue.WaitAsync(TimeSpan.FromSeconds(10))).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_read_only_file_is_said_when_it_is_opened()
    {
        await using var temp = new TempStore();
        await (await temp.OpenAsync()).DisposeAsync();
        File.SetAttributes(temp.Path, FileAttributes.ReadOnly);
        // Nothing is read-only for root: there the connection has to say it.
        var options = new SqliteStoreOptions { ConnectionString = Environment.IsPrivilegedProcess ? $"Data Source={temp.Path};Mode=ReadOnly" : temp.Path };
        (await Should.ThrowAsync<StoreUnavailableException>(() => temp.OpenAsync(options: options))).Message.ShouldContain("read-only");
    }

    [Fact]
    public async Task What_was_asked_for_before_disposal_is_still_committed()
    {
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        using var listening = store.Listen(_ => { });
        var calls = Enumerable.Range(0, 500).Select(_ => store.EnqueueAsync([TempStore.Job()]).AsTask()).ToArray();
        await store.DisposeAsync();
        await Task.WhenAll(calls);
        var again = await temp.OpenAsync();
        (await again.ListQueuesAsync()).Single().Jobs.Queued.ShouldBe(500);
        await Should.ThrowAsync<ObjectDisposedException>(async () => await store.EnqueueAsync([TempStore.Job()]));
    }

    private static void Run(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
