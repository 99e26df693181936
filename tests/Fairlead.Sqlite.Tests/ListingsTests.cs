using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Sqlite.Tests;

/// <summary>Keys taken once by threads and processes that are broken and killed, with the rows in the same file.</summary>
public sealed class ListingsTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly TempStore temp = new();

    public async ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        await temp.DisposeAsync();
    }

    [Fact]
    public async Task Overlapping_listings_of_threads_and_killed_processes_are_added_once_and_none_is_missing()
    {
        var store = await temp.OpenAsync();
        await Listings.CreateTableAsync(temp.Path);
        using var here = Listings.Node(temp.Path, threads: 8);
        await here.StartAsync();
        var others = new List<Child>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                others.Add(await StartAsync());
            }
            var pages = Enumerable.Range(0, Listings.Pages).Select(static page => new NewJob { Queue = "pages", Kind = new JobKind("page"), Payload = System.Text.Encoding.UTF8.GetBytes($$"""{"n":{{page}}}""") });
            await store.EnqueueAsync([.. pages]);
            for (var kill = 1; kill <= 4; kill++)
            {
                await UntilAsync(async () => await Listings.CountAsync(temp.Path, "*) FROM jobs") >= Listings.All * kill / 6, $"{kill} sixths are added");
                others[kill % 3].Kill();
                others[kill % 3] = await StartAsync();
            }
            await UntilAsync(async () => (await store.ListQueuesAsync()).Single(static queue => queue.Name == "pages").Jobs is var jobs && jobs.Ended == Listings.Pages, "every page has ended");
        }
        finally
        {
            others.ForEach(static other => other.Dispose());
            await here.StopAsync();
        }
        (await store.ListJobsAsync(new JobQuery { Queue = "pages", Status = JobStatus.Failed })).Jobs.ShouldBeEmpty();
        (await Listings.CountAsync(temp.Path, "*) FROM jobs")).ShouldBe(Listings.All, "none missing");
        (await Listings.CountAsync(temp.Path, "*) FROM caught")).ShouldBe(0, "the table's own constraint was never needed");
    }

    [Fact]
    public async Task A_key_is_kept_if_and_only_if_the_caller_commits()
    {
        var store = await temp.OpenAsync();
        var node = (await store.JoinAsync(TempStore.Registration())).Node;
        await store.EnqueueAsync([TempStore.Job(), TempStore.Job()]);
        var jobs = (await store.ClaimAsync(TempStore.Request(node, 1))).Jobs;
        await store.ClaimKeysAsync(new KeyClaim { Scope = "s", Keys = ["committed", "rolled back"], Attempt = jobs[0].Key });
        foreach (var key in (string[])["committed", "rolled back"])
        {
            await using var connection = new SqliteConnection($"Data Source={temp.Path}");
            await connection.OpenAsync();
            await using var transaction = connection.BeginTransaction();
            (await store.SettleKeysAsync(new KeySettlement("s", [key], jobs[0].Key, Keep: true), transaction)).ShouldBe(1);
            await (key == "committed" ? transaction.CommitAsync() : transaction.RollbackAsync());
        }
        var now = TimeProvider.System.GetUtcNow();
        await store.ApplyAsync(node, [JobTransition.Failed(new(jobs[0].Key, now, now), AttemptOutcome.Failed, "It failed.")]);
        (await store.ClaimKeysAsync(new KeyClaim { Scope = "s", Keys = ["committed", "rolled back"], Attempt = jobs[1].Key })).ShouldBe([KeyAnswer.Seen, KeyAnswer.New]);
    }

    private async Task<Child> StartAsync()
    {
        var child = Child.Start("listings", temp.Path);
        (await child.LineAsync()).ShouldBe("started");
        return child;
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(Patience, $"waited until {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
