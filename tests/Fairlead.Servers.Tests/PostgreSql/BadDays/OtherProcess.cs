using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>This program once more, as another process on the same schema, which can be stopped and continued as a whole.</summary>
internal sealed class OtherProcess : IDisposable
{
    private const string Role = "FAIRLEAD_TEST_ROLE";
    private const int Stopped = 19;
    private const int Continued = 18;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);
    private readonly Process _process;

    private OtherProcess(Process process) => _process = process;

    public static OtherProcess Start(string role, PostgreSqlStoreOptions options)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(OtherProcess).Assembly.Location]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        (start.Environment[Role], start.Environment["FAIRLEAD_TEST_DB"], start.Environment["FAIRLEAD_TEST_SCHEMA"]) = (role, options.ConnectionString, options.Schema);
        return new(Process.Start(start)!);
    }

    /// <summary>The next line that it writes.</summary>
    public async Task<string> LineAsync() =>
        await _process.StandardOutput.ReadLineAsync().WaitAsync(s_patience, TimeProvider.System) ?? throw new InvalidOperationException("The other process has ended.");

    /// <summary>Tells it to go on with what it waits for.</summary>
    public void Say(string line) => _process.StandardInput.WriteLine(line);

    /// <summary>SIGSTOP: not a single instruction from now on.</summary>
    public void Stop() => Assert.Equal(0, kill(_process.Id, Stopped));

    /// <summary>SIGCONT.</summary>
    public void Continue() => Assert.Equal(0, kill(_process.Id, Continued));

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>Plays the role that the environment names; false when it names none.</summary>
    public static async Task<bool> PlayRoleAsync()
    {
        if (Environment.GetEnvironmentVariable(Role) is not { } role)
        {
            return false;
        }
        var options = new PostgreSqlStoreOptions { ConnectionString = Environment.GetEnvironmentVariable("FAIRLEAD_TEST_DB")!, Schema = Environment.GetEnvironmentVariable("FAIRLEAD_TEST_SCHEMA")! };
        await (role == "node" ? PlayNodeAsync(options) : PlayProducerAsync(options));
        return true;
    }

    /// <summary>A node whose jobs say that they began and end, whatever they are told, when a line comes.</summary>
    private static async Task PlayNodeAsync(PostgreSqlStoreOptions options)
    {
        await using var node = await WorkingNode.StartAsync(options, "other process", work: static async (context, _) =>
        {
            Console.WriteLine(context.Id.Value.ToString(CultureInfo.InvariantCulture));
            await Console.In.ReadLineAsync();
        });
        Console.WriteLine("started");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    /// <summary>Enqueues without end, and writes the id of each job when it was acknowledged.</summary>
    private static async Task PlayProducerAsync(PostgreSqlStoreOptions options)
    {
        await using var store = new PostgreSqlJobStore(options);
        await store.OpenAsync();
        while (true)
        {
            var job = await store.EnqueueAsync([new NewJob { Queue = "q", Kind = new("work") }]);
            Console.WriteLine(job[0].Id.Value.ToString(CultureInfo.InvariantCulture));
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int kill(int process, int signal);
}
