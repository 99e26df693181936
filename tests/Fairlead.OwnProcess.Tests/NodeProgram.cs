using System.Diagnostics;
using System.Text.Json;
using Fairlead.Sqlite;
using Fairlead.Storage;

namespace Fairlead.OwnProcess.Tests;

/// <summary>The test program as its users start it: a node with pools, on a file of its own that this test looks into.</summary>
internal sealed class NodeProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TempFolder _folder = new();
    private readonly Process _process;
    private readonly Task<string> _output;

    private NodeProgram(string shape, int prefetch, double slow)
    {
        var start = new ProcessStartInfo(Child.Program, [shape]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OWN_DB"] = _folder.At("app.db");
        start.Environment["OWN_PREFETCH"] = $"{prefetch}";
        start.Environment["OWN_SLOW_START"] = $"{slow}";
        Store = new SqliteJobStore(new SqliteStoreOptions { ConnectionString = _folder.At("app.db") }, TimeProvider.System);
        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
        _ = _process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    public SqliteJobStore Store { get; }

    public TempFolder Folder => _folder;

    public static async Task<NodeProgram> StartAsync(string shape = "host", int prefetch = 1, double slow = 0)
    {
        var node = new NodeProgram(shape, prefetch, slow);
        await node.Store.OpenAsync();
        return node;
    }

    public async Task<JobId> EnqueueAsync(string kind, string text = "", TimeSpan? timeout = null) => (await EnqueueAsync(1, kind, text, timeout))[0];

    public async Task<JobId[]> EnqueueAsync(int count, string kind, string text = "", TimeSpan? timeout = null)
    {
        var payload = JsonSerializer.SerializeToUtf8Bytes(new { text });
        var made = await Store.EnqueueAsync([.. Enumerable.Range(0, count).Select(_ => new NewJob { Queue = kind == "where" ? "here" : "own", Kind = new(kind), Payload = payload, Timeout = timeout })]);
        return [.. made.Select(static job => job.Id)];
    }

    /// <summary>The job when it has ended.</summary>
    public async Task<Job> EndedAsync(JobId id)
    {
        Job? job = null;
        await UntilAsync(async () => (job = await Store.GetJobAsync(id)) is { EndedAt: not null }, () => $"job {id} ends; it is {job?.Status} {job?.LastOutcome} {job?.Error} {job?.Reason}");
        return job!;
    }

    /// <summary>What the job's attempts wrote.</summary>
    public async Task<string[]> LogAsync(JobId id) => [.. (await Store.ReadLogAsync(id)).Lines.Select(static line => line.Message)];

    /// <summary>The process that said that it works at this attempt of a job that leaves word in a file.</summary>
    public async Task<int> PidAsync(string file, int attempt)
    {
        var pid = 0;
        await UntilAsync(
            async () => File.Exists(Folder.At($"{file}.{attempt}")) && int.TryParse(await File.ReadAllTextAsync(Folder.At($"{file}.{attempt}")), out pid), () => $"attempt {attempt} of {file} begins");
        return pid;
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            clock.Elapsed.ShouldBeLessThan(Patience, what());
            await Task.Delay(10);
        }
    }

    /// <summary>True while there is such a process, zombies left out.</summary>
    public static bool Lives(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Sends SIGTERM and waits for its end; gives what it printed.</summary>
    public async Task<string> StopAsync()
    {
        using (var kill = Process.Start("kill", $"{Id}"))
        {
            await kill.WaitForExitAsync();
        }
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return await _output;
    }

    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await _process.WaitForExitAsync();
        await Store.DisposeAsync();
        _process.Dispose();
        _folder.Dispose();
    }
}
