using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Processes.OwnProcess;

/// <summary>What a host says to a process of its own program: <c>protocol: stream</c>, and with each job what else handlers may ask of it.</summary>
internal sealed record HostLine
{
    /// <summary>The job to work at; null in other lines.</summary>
    public ClaimedJob? Job { get; private init; }

    /// <summary>The job to give up; null in other lines.</summary>
    public JobId? Cancel { get; private init; }

    /// <summary>The node that holds the job; null when it was not said.</summary>
    public NodeId? Node { get; private init; }

    /// <summary>The store's time, as the node knows it; null when it was not said.</summary>
    public DateTimeOffset? Now { get; private init; }

    /// <summary>Adds to a job's line what only handlers of the same program want to know.</summary>
    public static void WriteExtras(Utf8JsonWriter line, ClaimedJob job, NodeStanding standing)
    {
        if (standing.Node is { } node)
        {
            line.WriteNumber("node"u8, node.Value);
        }
        line.WriteString("now"u8, standing.Clock.Now);
        line.WriteString("ready"u8, job.ReadyAt);
        line.WriteString("job_deadline"u8, job.Deadline);
        WriteIf(line, "priority"u8, job.Priority == 0 ? null : job.Priority);
        WriteIf(line, "parent"u8, job.Parent?.Value);
        WriteIf(line, "batch"u8, job.Batch?.Value);
        WriteIf(line, "item"u8, job.Item);
        WriteIf(line, "retries"u8, job.Retries);
        if (job.Timeout is { } timeout)
        {
            line.WriteNumber("timeout"u8, timeout.TotalSeconds);
        }
        if (job.TraceParent is { } trace)
        {
            line.WriteString("trace"u8, trace);
        }
        if (job.Solo)
        {
            line.WriteBoolean("solo"u8, true);
        }
    }

    /// <summary>Reads one line; a line that says nothing known is empty.</summary>
    /// <exception cref="JsonException">It is no JSON object, or lacks what a job needs.</exception>
    public static HostLine Read(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A line expects a JSON object.");
        }
        var words = new Words();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            words.Take(ref reader, line);
        }
        return words.Line();
    }

    private static void WriteIf(Utf8JsonWriter line, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } number)
        {
            line.WriteNumber(name, number);
        }
    }

    /// <summary>The words of one line as they come.</summary>
    private struct Words()
    {
        private long _job;
        private long _cancel;
        private long _node;
        private string? _queue;
        private string? _kind;
        private int _version = 1;
        private int _attempt = 1;
        private long _fence;
        private byte[] _payload = [];
        private DateTimeOffset _deadline = DateTimeOffset.MaxValue;
        private DateTimeOffset? _jobDeadline;
        private DateTimeOffset? _now;
        private DateTimeOffset _ready;
        private int _priority;
        private string? _group;
        private long? _parent;
        private long? _batch;
        private int? _item;
        private int? _retries;
        private double? _timeout;
        private string? _trace;
        private bool _solo;
        private DateTimeOffset? _scheduledFor;

        public void Take(ref Utf8JsonReader word, ReadOnlySpan<byte> line)
        {
            if (Is(ref word, "payload"u8))
            {
                word.Read();
                var start = (int)word.TokenStartIndex;
                word.Skip();
                _payload = line[start..(int)word.BytesConsumed].ToArray();
            }
            else if (!TakeCommon(ref word) && !TakeExtra(ref word))
            {
                word.Skip();
            }
        }

        public readonly HostLine Line() => new()
        {
            Job = _job > 0 ? Claimed() : null,
            Cancel = _cancel > 0 ? new JobId(_cancel) : null,
            Node = _node > 0 ? new NodeId(_node) : null,
            Now = _now,
        };

        private bool TakeCommon(ref Utf8JsonReader word)
        {
            if (Is(ref word, "job"u8)) { word.Read(); _job = word.GetInt64(); }
            else if (Is(ref word, "queue"u8)) { word.Read(); _queue = word.GetString(); }
            else if (Is(ref word, "kind"u8)) { word.Read(); _kind = word.GetString(); }
            else if (Is(ref word, "version"u8)) { word.Read(); _version = word.GetInt32(); }
            else if (Is(ref word, "attempt"u8)) { word.Read(); _attempt = word.GetInt32(); }
            else if (Is(ref word, "fence"u8)) { word.Read(); _fence = word.GetInt64(); }
            else if (Is(ref word, "deadline"u8)) { word.Read(); _deadline = word.GetDateTimeOffset(); }
            else if (Is(ref word, "scheduled_for"u8)) { word.Read(); _scheduledFor = word.GetDateTimeOffset(); }
            else if (Is(ref word, "cancel"u8)) { word.Read(); _cancel = word.GetInt64(); }
            else { return false; }
            return true;
        }

        private bool TakeExtra(ref Utf8JsonReader word)
        {
            if (Is(ref word, "job_deadline"u8)) { word.Read(); _jobDeadline = word.GetDateTimeOffset(); }
            else if (Is(ref word, "node"u8)) { word.Read(); _node = word.GetInt64(); }
            else if (Is(ref word, "now"u8)) { word.Read(); _now = word.GetDateTimeOffset(); }
            else if (Is(ref word, "ready"u8)) { word.Read(); _ready = word.GetDateTimeOffset(); }
            else if (Is(ref word, "priority"u8)) { word.Read(); _priority = word.GetInt32(); }
            else if (Is(ref word, "group"u8)) { word.Read(); _group = word.GetString(); }
            else if (Is(ref word, "parent"u8)) { word.Read(); _parent = word.GetInt64(); }
            else if (Is(ref word, "batch"u8)) { word.Read(); _batch = word.GetInt64(); }
            else if (Is(ref word, "item"u8)) { word.Read(); _item = word.GetInt32(); }
            else if (Is(ref word, "retries"u8)) { word.Read(); _retries = word.GetInt32(); }
            else if (Is(ref word, "timeout"u8)) { word.Read(); _timeout = word.GetDouble(); }
            else if (Is(ref word, "trace"u8)) { word.Read(); _trace = word.GetString(); }
            else if (Is(ref word, "solo"u8)) { word.Read(); _solo = word.GetBoolean(); }
            else { return false; }
            return true;
        }

        private static bool Is(ref Utf8JsonReader word, ReadOnlySpan<byte> name) =>
            word.TokenType == JsonTokenType.PropertyName && word.ValueTextEquals(name);

        private readonly ClaimedJob Claimed() => new()
        {
            Key = new AttemptKey(new JobId(_job), _fence),
            Queue = _queue ?? throw new JsonException($"Job {_job} expects a queue."),
            Kind = new JobKind(_kind ?? _queue, _version),
            Payload = _payload,
            Attempt = _attempt,
            Priority = _priority,
            Group = _group,
            Batch = _batch is { } batch ? new JobId(batch) : null,
            Item = _item,
            Parent = _parent is { } parent ? new JobId(parent) : null,
            Timeout = _timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Retries = _retries,
            Deadline = _jobDeadline ?? _deadline,
            ReadyAt = _ready,
            ScheduledFor = _scheduledFor,
            Solo = _solo,
            TraceParent = _trace,
        };
    }
}
