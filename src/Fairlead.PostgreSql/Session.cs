using System.Runtime.InteropServices;
using Fairlead.Batches;
using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// One writing transaction as the verbs see it: its statements and its time, the names it has met, and what it adds up before writing
/// (counters, ids). The verbs of one operation share it; an operation that fails leaves nothing behind in it.
/// </summary>
internal sealed partial class Session(Statements statements, NameTable names, DefinitionCache definitions, DateTimeOffset time)
{
    private readonly Dictionary<long, StateTally> deltas = [];
    private readonly Dictionary<string, long> queues = new(StringComparer.Ordinal);
    private readonly Dictionary<JobKind, long> kinds = [];
    private readonly HashSet<(long Queue, long Kind)> lines = [];
    private string? lastQueueName;
    private long lastQueue;
    private JobKind lastKindName;
    private long lastKind;
    private long nextJob;
    private long reservedFrom;
    private StoreSignals operationSignals;

    /// <summary>The statements of the connection that writes.</summary>
    public Statements Sql => statements;

    /// <summary>The store's time in this transaction.</summary>
    public DateTimeOffset Time => time;

    /// <summary>The same in microseconds.</summary>
    public long Now { get; } = Moment.Of(time);

    /// <summary>What to tell after the commit.</summary>
    public StoreSignals Signals { get; private set; }

    public void Signal(StoreSignals signals) => operationSignals |= signals;

    public void BeginOperation()
    {
        operationSignals = StoreSignals.None;
        nextJob = reservedFrom = given = 0;
        incoming = default;
        rows.Clear();
        statements.Before = WriteNewRows;
        ForgetForeseen();
        ForgetEnds();
        ForgetGroups();
        ForgetLimits();
        facts.Clear();
    }

    /// <summary>Writes what was added up; the last step of each operation.</summary>
    public void EndOperation()
    {
        SettleEnds();
        WriteNewRows();
        WriteGroups();
        WriteLimits();
        WriteFacts();
        WriteTallies();
        if (nextJob != reservedFrom)
        {
            statements["set_counter"].Add(nextJob).Add("next_job").Run();
        }
        nextJob = reservedFrom = 0;
        Signals |= operationSignals;
    }

    /// <summary>Forgets what a failed operation added up.</summary>
    public void ForgetOperation()
    {
        deltas.Clear();
        ForgetEnds();
        ForgetGroups();
        ForgetLimits();
        queues.Clear();
        kinds.Clear();
        lines.Clear();
        lastQueueName = null;
        lastKindName = default;
        nextJob = reservedFrom = 0;
    }

    /// <summary>After the commit: what this transaction named is known from now on.</summary>
    public void Publish()
    {
        foreach (var (name, id) in queues)
        {
            names.AddQueue(name, id);
        }
        foreach (var (kind, id) in kinds)
        {
            names.AddKind(kind, id);
        }
        foreach (var (queue, kind) in lines)
        {
            names.AddLine(queue, kind);
        }
    }

    /// <summary>The next job id.</summary>
    public long NextJob()
    {
        if (given > 0)
        {
            return given++;
        }
        if (nextJob == 0)
        {
            reservedFrom = nextJob = statements["counter"].Add("next_job").Number() ?? throw new StoreMismatchException("The store's counters are missing.");
        }
        return nextJob++;
    }

    /// <summary>The number of a queue, made at its first use.</summary>
    public long Queue(string name)
    {
        if (!string.Equals(name, lastQueueName, StringComparison.Ordinal))
        {
            lastQueue = names.TryQueue(name, out var id) || queues.TryGetValue(name, out id) ? id : MeetQueue(name);
            lastQueueName = name;
        }
        return lastQueue;
    }

    /// <summary>The number of a kind, made at its first use.</summary>
    public long Kind(JobKind kind)
    {
        if (kind != lastKindName || kind.Name is null)
        {
            lastKind = names.TryKind(kind, out var id) || kinds.TryGetValue(kind, out id) ? id : MeetKind(kind);
            lastKindName = kind;
        }
        return lastKind;
    }

    /// <summary>The number of a queue that exists already.</summary>
    public bool TryQueue(string name, out long id)
    {
        if (names.TryQueue(name, out id) || queues.TryGetValue(name, out id))
        {
            return true;
        }
        if (statements["find_queue"].Add(name).Number() is not { } found)
        {
            return false;
        }
        queues[name] = id = found;
        return true;
    }

    /// <summary>The number of a kind that exists already.</summary>
    public bool TryKind(JobKind kind, out long id)
    {
        if (names.TryKind(kind, out id) || kinds.TryGetValue(kind, out id))
        {
            return true;
        }
        if (statements["find_kind"].Add(kind.Name).Add(kind.Version).Number() is not { } found)
        {
            return false;
        }
        kinds[kind] = id = found;
        return true;
    }

    /// <summary>The name of a queue.</summary>
    public string QueueName(long id)
    {
        if (!names.TryQueueName(id, out var name))
        {
            var row = statements["queue_name"].Add(id);
            name = row.Step() ? row.Text(0) : throw new StoreMismatchException($"Queue number {id} is missing.");
            queues[name] = id;
        }
        return name!;
    }

    /// <summary>The name and version of a kind.</summary>
    public JobKind KindName(long id)
    {
        if (!names.TryKindName(id, out var kind))
        {
            var row = statements["kind_name"].Add(id);
            kind = row.Step() ? new(row.Text(0), row.Int(1)) : throw new StoreMismatchException($"Kind number {id} is missing.");
            kinds[kind] = id;
        }
        return kind;
    }

    /// <summary>Notes that a kind is used in a queue; where no live node serves it, the wait for one begins here.</summary>
    public void MeetLine(long queue, long kind)
    {
        if (names.HasLine(queue, kind) || !lines.Add((queue, kind)))
        {
            return;
        }
        if (statements["add_line"].Add(queue).Add(kind).Change() > 0 && !statements["line_is_served"].Add(queue).Add(kind).Any())
        {
            OpenBlock(queue, WaitCause.NoNode, KindName(kind).ToString());
        }
    }

    /// <summary>Counts <paramref name="count" /> jobs into a status of their queue and batch; negative takes them out.</summary>
    public void Count(long queue, long batch, JobStatus status, long count, bool timedOut = false)
    {
        ref var ofQueue = ref CollectionsMarshal.GetValueRefOrAddDefault(deltas, -queue, out _);
        ofQueue = ofQueue.Add(status, count, timedOut);
        if (batch != 0)
        {
            ref var ofBatch = ref CollectionsMarshal.GetValueRefOrAddDefault(deltas, batch, out _);
            ofBatch = ofBatch.Add(status, count, timedOut);
        }
    }

    /// <summary>The counters of a scope as they stand inside this transaction.</summary>
    public StateTally Tally(long scope)
    {
        deltas.TryGetValue(scope, out var delta);
        return Tallies.Read(statements, scope) + delta;
    }

    /// <summary>A block begins, unless it lasts already.</summary>
    public void OpenBlock(long queue, WaitCause cause, string key)
    {
        if (!statements["block_is_open"].Add(queue).Add((long)cause).Add(key).Any())
        {
            statements["open_block"].Add(queue).Add((long)cause).Add(key).Add(Now).Run();
        }
    }

    /// <summary>A block ends, if it lasts.</summary>
    public void CloseBlock(long queue, WaitCause cause, string key)
    {
        statements["drop_empty_block"].Add(queue).Add((long)cause).Add(key).Add(Now).Run();
        statements["close_block"].Add(queue).Add((long)cause).Add(key).Add(Now).Run();
    }

    /// <summary>Adds to one of the counters since the store was made.</summary>
    public void Raise(string counter, long by = 1) => statements["raise_counter"].Add(by).Add(counter).Run();

    private long MeetQueue(string name)
    {
        Names.Check(name, "queue");
        var id = statements["find_queue"].Add(name).Number() ?? statements["add_queue"].Add(name).Number()!.Value;
        queues[name] = id;
        return id;
    }

    private long MeetKind(JobKind kind)
    {
        Names.Check(kind.Name, "kind");
        var id = statements["find_kind"].Add(kind.Name).Add(kind.Version).Number()
            ?? statements["add_kind"].Add(kind.Name).Add(kind.Version).Number()!.Value;
        kinds[kind] = id;
        return id;
    }

    private void WriteTallies()
    {
        foreach (var (scope, delta) in deltas)
        {
            if (delta != default)
            {
                Tallies.Write(statements, scope, delta);
            }
        }
        deltas.Clear();
    }
}
