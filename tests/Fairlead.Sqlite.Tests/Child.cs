using System.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.Sqlite.Tests;

/// <summary>This program once more, as another process on the same file.</summary>
public sealed class Child : IDisposable
{
    private const string Role = "FAIRLEAD_TEST_ROLE";
    private const string Database = "FAIRLEAD_TEST_FILE";

    private readonly Process process;

    private Child(Process process) => this.process = process;

    public StreamReader Output => process.StandardOutput;

    public StreamWriter Input => process.StandardInput;

    public int Id => process.Id;

    public static Child Start(string role, string file, string share = "")
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Child).Assembly.Location])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
        };
        start.Environment[Role] = role;
        start.Environment[Database] = file;
        start.Environment[KilledNodes.Share] = share;
        return new(Process.Start(start)!);
    }

    /// <summary>The next line, or a failure after a while.</summary>
    public async Task<string> LineAsync() =>
        await Output.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) ?? throw new InvalidOperationException("The other process has ended.");

    /// <summary><c>kill -9</c>.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            Kill();
        }
        process.Dispose();
    }

    /// <summary>Plays the role that the environment names; false when it names none.</summary>
    public static async Task<bool> PlayRoleAsync()
    {
        if (Environment.GetEnvironmentVariable(Role) is not { } role)
        {
            return false;
        }
        if (role == "node")
        {
            await KilledNodes.PlayAsync(Environment.GetEnvironmentVariable(Database)!);
            return true;
        }
        if (role == "listings")
        {
            await Listings.PlayAsync(Environment.GetEnvironmentVariable(Database)!);
            return true;
        }
        await PlayAsync(role, new SqliteJobStore(Environment.GetEnvironmentVariable(Database)!, TimeProvider.System));
        return true;
    }

    private static async Task PlayAsync(string role, SqliteJobStore store)
    {
        await store.OpenAsync();
        switch (role)
        {
            case "hold":
                await HoldAsync(store);
                break;
            case "storm":
                await StormAsync(store);
                break;
            case "ticker":
                await RacingTickers.PlayAsync(store);
                break;
            case "work":
                await WorkAsync(store);
                break;
        }
    }

    // Claims everything, says so, and holds it until it is ended.
    private static async Task HoldAsync(SqliteJobStore store)
    {
        var node = (await store.JoinAsync(TempStore.Registration())).Node;
        var claim = await store.ClaimAsync(TempStore.Request(node, 1));
        Console.WriteLine(claim.Jobs.Count);
        await Console.In.ReadLineAsync();
    }

    // Enqueues from many callers without end, and writes each id when it was acknowledged.
    private static Task StormAsync(SqliteJobStore store) => Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
    {
        while (true)
        {
            var id = (await store.EnqueueAsync([TempStore.Job()]))[0].Id;
            Console.WriteLine(id);
        }
    }));

    // Enqueues 200 jobs and runs whatever is there until nothing is left.
    private static async Task WorkAsync(SqliteJobStore store)
    {
        var node = (await store.JoinAsync(TempStore.Registration())).Node;
        for (var i = 0; i < 20; i++)
        {
            await store.EnqueueAsync([.. Enumerable.Range(0, 10).Select(_ => TempStore.Job())]);
        }
        Console.WriteLine("enqueued");
        await Console.In.ReadLineAsync();
        for (long sequence = 1; ; sequence++)
        {
            var claim = await store.ClaimAsync(TempStore.Request(node, sequence, 7));
            if (claim.Jobs.Count == 0)
            {
                break;
            }
            await store.ApplyAsync(node, [.. claim.Jobs.Select(TempStore.Completed)]);
        }
        await store.LeaveAsync(node);
        Console.WriteLine("done");
    }
}
