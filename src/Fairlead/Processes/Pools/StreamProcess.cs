using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

/// <summary>
/// One process of a stream pool: the jobs in its hands, of which it works at the first, and what is said to it. Its members are used under the pool's lock.
/// </summary>
internal sealed class StreamProcess(string id, DateTimeOffset startedAt, long timestamp, int longestLine) : PoolWorker(id, startedAt, timestamp)
{
    private const int LongestError = 64 * 1024;
    private readonly StreamLines _lines = new();
    private readonly List<StreamTurn> _hand = [];

    /// <summary>What it writes, cut into lines.</summary>
    public LineReader Output { get; } = new(longestLine);

    /// <summary>What it writes on standard error, cut into lines.</summary>
    public LineReader Error { get; } = new(LongestError) { CutsLongOnes = true };

    /// <summary>The jobs in its hands, in the order in which they were given.</summary>
    public IReadOnlyList<StreamTurn> Hand => _hand;

    /// <summary>The one it works at.</summary>
    public StreamTurn? Head => _hand.Count > 0 ? _hand[0] : null;

    public override JobId? Job => Head?.Job;

    /// <summary>False while a process of this program has not come to its jobs yet: what it was given has not been begun.</summary>
    public bool IsReady { get; set; } = true;

    /// <summary>Since when it has had no job, by the pool's clock.</summary>
    public long IdleSince { get; set; } = timestamp;

    /// <summary>True when the deadline of its head is kept by its parent.</summary>
    public bool HasDeadline { get; set; }

    /// <summary>What it worked at has ended, or waits: its parent need not keep the time of it. A process that is to be ended keeps its end.</summary>
    public void LiftDeadline(TimeSpan killAfter)
    {
        if (HasDeadline && !IsDoomed)
        {
            HasDeadline = false;
            Process!.SetDeadline(null, killAfter);
        }
    }

    /// <summary>Since when its standard input is closed; 0 while it is not.</summary>
    public long ClosedAt { get; set; }

    /// <summary>The last line that it wrote on standard error, or between two jobs; null for none.</summary>
    public string? LastWords { get; set; }

    /// <summary>What it did that a worker must not do; null while it did nothing of the kind.</summary>
    public string? Offence { get; set; }

    /// <summary>Hands it one more job.</summary>
    public void Give(StreamTurn turn, Action<Utf8JsonWriter, Attempt>? more)
    {
        _hand.Add(turn);
        Process!.Write(_lines.Job(turn.Attempt, turn.Deadline, more));
    }

    public void Cancel(StreamTurn turn) => Process!.Write(_lines.Cancel(turn.Job));

    public void Permit(string limit, StreamTurn turn) => Process!.Write(_lines.Permit(limit, turn.Job));

    public void Refuse(string limit, StreamTurn turn, double seconds, string? reason) => Process!.Write(_lines.Refused(limit, turn.Job, seconds, reason));

    public void Once(OnceRequest asked, StreamTurn turn, IReadOnlyList<KeyAnswer> answers) => Process!.Write(_lines.Once(asked, turn.Job, answers));

    /// <summary>Keys could not be asked for.</summary>
    public void Refuse(JsonElement keys, JobId? job, double seconds, string? reason) => Process!.Write(_lines.Refused(keys, job, seconds, reason));

    /// <summary>The job of that number in its hands; null when it has none.</summary>
    public StreamTurn? Find(long job) => _hand.Find(turn => turn.Job.Value == job);

    public bool Holds(StreamTurn turn) => _hand.Contains(turn);

    public void Remove(StreamTurn turn) => _hand.Remove(turn);

    /// <summary>Takes everything out of its hands.</summary>
    public IReadOnlyList<StreamTurn> TakeAll()
    {
        StreamTurn[] all = [.. _hand];
        _hand.Clear();
        return all;
    }
}
