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
    private readonly Dictionary<long, StateTally> tallies = [];
    private readonly Dictionary<(long Queue, WaitCause Cause, string Key), bool> blocks = [];
    private readonly Dictionary<string, long> queues = new(StringComparer.Ordinal);
    private readonly Dictionary<JobKind, long> kinds = [];
    private readonly HashSet<(long Queue, long Kind)> lines = [];
    private string? lastQueueName;
    private long lastQueue;
    private JobKind lastKindName;
    private long lastKind;
    private long nextJob;
    private long reservedFrom;
    private long nextPermit;
    private long permitsFrom;
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
        nextJob = reservedFrom = nextPermit = permitsFrom = given = 0;
        ForgetForeseen();
        ForgetEnds();
        ForgetGroups();
        ForgetLimits();
        ForgetRead();
        facts.Clear();
    }

    /// <summary>Writes what was added up; the last step of each operation.</summary>
    public void EndOperation()
    {
        SettleEnds();
        WriteGroups();
        WriteLimits();
        WriteBlocks();
        WritePlaces();
        WriteFacts();
        WriteTallies();
        statements.WriteRows();
        WriteCounter("next_permit", ref nextPermit, ref permitsFrom);
        WriteCounter("next_job", ref nextJob, ref reservedFrom);
        Signals |= operationSignals;
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
    public long NextJob() => given > 0 ? given++ : Next("next_job", ref nextJob, ref reservedFrom);

    /// <summary>The next permit's number.</summary>
    public long NextPermit() => Next("next_permit", ref nextPermit, ref permitsFrom);

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
        if (!tallies.TryGetValue(scope, out var tally))
        {
            tallies.Add(scope, tally = Tallies.Read(statements, scope));
        }
        return tally + deltas.GetValueOrDefault(scope);
    }

    /// <summary>Takes what <c>tallies</c> answered for these scopes in this operation.</summary>
    public void LearnTallies(IEnumerable<long> scopes, Statement row)
    {
        while (row.Step())
        {
            tallies.TryAdd(row.Long(0), Tallies.From(row, 1));
        }
        foreach (var scope in scopes)
        {
            tallies.TryAdd(scope, default);
        }
    }

    /// <summary>A block begins, unless it lasts already.</summary>
    public void OpenBlock(long queue, WaitCause cause, string key) => blocks[(queue, cause, key)] = true;

    /// <summary>A block ends, if it lasts.</summary>
    public void CloseBlock(long queue, WaitCause cause, string key) => blocks[(queue, cause, key)] = false;

    /// <summary>Writes which blocks began and ended; before somebody looks at them, and at the end of each operation.</summary>
    public void WriteBlocks()
    {
        var (opened, closed) = (new Rows(), new Rows());
        foreach (var ((queue, cause, key), open) in blocks)
        {
            (open ? opened : closed).Add(queue).Add((long)cause).Add(key).Add(Now).End();
        }
        blocks.Clear();
        Run("drop_empty_block", closed);
        Run("close_block", closed);
        Run("open_block", opened);
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

    private long Next(string counter, ref long next, ref long from)
    {
        if (next == 0)
        {
            from = next = statements["counter"].Add(counter).Number() ?? throw new StoreMismatchException("The store's counters are missing.");
        }
        return next++;
    }

    private void WriteCounter(string counter, ref long next, ref long from)
    {
        if (next != from)
        {
            statements["set_counter"].Add(next).Add(counter).Run();
        }
        next = from = 0;
    }

    private void Run(string name, Rows rows)
    {
        if (rows.Count > 0)
        {
            rows.To(statements[name]).Run();
        }
    }

    private void WriteTallies()
    {
        Tallies.Write(statements, deltas);
        deltas.Clear();
        tallies.Clear();
    }
}
