using Fairlead.Simulation;

namespace Fairlead.Tests.Pools;

/// <summary>Every process of every node in virtual time, and what of them must never be.</summary>
internal sealed class VirtualWorld(VirtualTime time)
{
    private readonly Dictionary<(string Queue, long Job), VirtualProcess> _workedAt = [];
    private int _lastPid = 1000;

    public VirtualTime Time => time;

    /// <summary>All processes there ever were, in the order of their starts.</summary>
    public List<VirtualProcess> Processes { get; } = [];

    public IEnumerable<VirtualProcess> Living => Processes.Where(static process => process.IsAlive);

    /// <summary>The most processes of each queue that there were at once.</summary>
    public Dictionary<string, int> MostOf { get; } = [];

    /// <summary>What a test says must never be; empty while all is well.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>When each run of a job began and ended, by a process that lives or does not.</summary>
    public List<VirtualRun> Runs { get; } = [];

    public int NextPid() => ++_lastPid;

    public void Add(VirtualProcess process)
    {
        Processes.Add(process);
        var now = Living.Count(other => other.Queue == process.Queue);
        MostOf[process.Queue] = Math.Max(now, MostOf.GetValueOrDefault(process.Queue));
    }

    public VirtualRun Begin(VirtualProcess process, long job, int attempt)
    {
        if (!_workedAt.TryAdd((process.Queue, job), process))
        {
            Violations.Add($"{time.Now:O}: job {job} is worked at by process {process.Pid} while {_workedAt[(process.Queue, job)].Pid} works at it.");
        }
        var run = new VirtualRun(process, job, attempt, time.Now);
        Runs.Add(run);
        return run;
    }

    public void End(VirtualRun run)
    {
        if (run.To is null)
        {
            run.To = time.Now;
            _workedAt.Remove((run.Process.Queue, run.Job));
        }
    }

    /// <summary>How many runs there were at once, at most.</summary>
    public int MostRuns => Runs.Select(run => Runs.Count(other => other.From <= run.From && !(other.To <= run.From))).Append(0).Max();
}

/// <summary>One run of a job in a process.</summary>
internal sealed class VirtualRun(VirtualProcess process, long job, int attempt, DateTimeOffset from)
{
    public VirtualProcess Process => process;

    public long Job => job;

    public int Attempt => attempt;

    public DateTimeOffset From => from;

    public DateTimeOffset? To { get; set; }
}
