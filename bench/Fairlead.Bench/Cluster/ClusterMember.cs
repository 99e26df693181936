using System.Diagnostics;
using System.Globalization;
using Fairlead.Processes;

namespace Fairlead.Bench.Cluster;

/// <summary>One node's process, and what it has said so far.</summary>
internal sealed class ClusterMember : IDisposable
{
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly Dictionary<(long Job, long Fence), ClusterAttempt> _running = [];
    private readonly List<ClusterAttempt> _attempts = [];
    private readonly List<long> _acknowledged = [];
    private readonly List<string> _complaints = [];
    private int _done;

    public ClusterMember(string store, Uri upstream, int first, int count)
    {
        (First, Count) = (first, count);
        _process = Process.Start(new ProcessStartInfo("dotnet", [typeof(ClusterMember).Assembly.Location, .. ClusterNode.Words(store, upstream, first, count)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false,
        })!;
        Heard = HearAsync();
    }

    public int First { get; }

    public int Count { get; }

    /// <summary>When it was killed; null while it lives.</summary>
    public long? KilledAt { get; private set; }

    /// <summary>How much of its share it has enqueued.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>Whether it has begun to run jobs.</summary>
    public bool IsAtWork => Locked(() => _attempts.Count > 0);

    /// <summary>Ends when its output does.</summary>
    public Task Heard { get; }

    public bool HasEnded => _process.HasExited;

    /// <summary>Everything it has begun; what was not ended when it was killed ended then.</summary>
    public IReadOnlyList<ClusterAttempt> Attempts => Locked(() => _attempts.ToArray());

    /// <summary>What it held when it was killed, or holds now.</summary>
    public IReadOnlyList<ClusterAttempt> Running => Locked(() => _running.Values.ToArray());

    /// <summary>The ids of the jobs that were acknowledged to it.</summary>
    public IReadOnlyList<long> Acknowledged => Locked(() => _acknowledged.ToArray());

    public IReadOnlyList<string> Complaints => Locked(() => _complaints.ToArray());

    public int ProcessId => _process.Id;

    /// <summary>Not a single instruction from now on.</summary>
    public void Pause() => Libc.Kill(_process.Id, Libc.SIGSTOP);

    public void Resume() => Libc.Kill(_process.Id, Libc.SIGCONT);

    /// <summary><c>kill -9</c>, and everything it said before is heard.</summary>
    public async Task KillAsync()
    {
        KilledAt = Stopwatch.GetTimestamp();
        _process.Kill();
        await Heard;
    }

    /// <summary>Asks it to drain and leave.</summary>
    public async Task LeaveAsync(TimeSpan patience)
    {
        _process.StandardInput.Close();
        await Heard.WaitAsync(patience);
        await _process.WaitForExitAsync().WaitAsync(patience);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        _process.Dispose();
    }

    private async Task HearAsync()
    {
        await Task.Yield();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            // A line that was cut by the kill has no time at its end.
            if (line.LastIndexOf(" @", StringComparison.Ordinal) is > 0 and var end && long.TryParse(line.AsSpan(end + 2), CultureInfo.InvariantCulture, out var at))
            {
                lock (_gate)
                {
                    Hear(line[..end], at);
                }
            }
        }
    }

    private void Hear(string line, long at)
    {
        switch (line.Split(' '))
        {
            case ["A", var id, _]:
                _acknowledged.Add(Number(id));
                break;
            case ["N", _]:
                _done++;
                break;
            case ["S", var job, var fence, var queue, var n, .. var solo]:
                var begun = new ClusterAttempt(Number(job), Number(fence), queue, (int)Number(n), solo.Length > 0, at);
                _running.Add((begun.Job, begun.Fence), begun);
                _attempts.Add(begun);
                break;
            case ["E", var job, var fence]:
                _running.Remove((Number(job), Number(fence)), out var ended);
                ended!.EndedAt = at;
                break;
            case ["W", ..]:
                _complaints.Add(line);
                break;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }
}

/// <summary>One attempt as its process told it, in ticks of the machine's clock.</summary>
internal sealed record ClusterAttempt(long Job, long Fence, string Queue, int N, bool Solo, long StartedAt)
{
    /// <summary>Null while it runs, and for good when its process was killed.</summary>
    public long? EndedAt { get; set; }
}
