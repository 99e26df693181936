using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>
/// Which jobs this process knows: their wire names and versions, their payload types, their queues, and what runs them. It turns
/// payload objects into <see cref="Storage.NewJob" />s for producers and kinds into handlers for workers.
/// </summary>
internal sealed class JobRegistry
{
    private readonly Dictionary<Type, JobEntry> _byType = [];
    private readonly Dictionary<string, JobEntry> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QueueDefinition> _queues;
    private readonly JsonSerializerOptions _json;

    public JobRegistry(IEnumerable<JobEntry> entries, Func<Func<string, NextStep>, Dictionary<string, QueueDefinition>> queues, JsonSerializerOptions json)
    {
        _json = json;
        foreach (var entry in entries)
        {
            if (!_byName.TryAdd(entry.Kind.Name, entry))
            {
                throw new InvalidOperationException($"The job name '{entry.Kind.Name}' is registered twice; each name stands for one payload.");
            }
            _byType.TryAdd(entry.Payload, entry);
        }
        _queues = queues(StepTo);
        foreach (var entry in entries)
        {
            _queues.TryAdd(entry.Queue, new QueueDefinition { Name = entry.Queue });
        }
    }

    public JsonSerializerOptions Json => _json;

    public IReadOnlyCollection<QueueDefinition> Queues => _queues.Values;

    /// <summary>The queues with the kinds this process can run in them. Any kind may be sent to any queue, so each queue lists all.</summary>
    public IReadOnlyList<ServedQueue> Served()
    {
        var kinds = _byName.Values.SelectMany(entry => entry.Kinds).OrderBy(kind => kind.Name, StringComparer.Ordinal).ThenBy(kind => kind.Version).ToArray();
        return [.. _queues.Values.OrderByDescending(queue => queue.Priority).ThenBy(queue => queue.Name, StringComparer.Ordinal).Select(queue => new ServedQueue(queue, kinds))];
    }

    public QueueDefinition Queue(string name) => _queues.TryGetValue(name, out var queue) ? queue : new QueueDefinition { Name = name };

    public JobEntry? Find(JobKind kind) => _byName.TryGetValue(kind.Name, out var entry) && kind.Version <= entry.Kind.Version ? entry : null;

    public NextStep StepTo(string name) => _byName.TryGetValue(name, out var entry)
        ? new NextStep(entry.Queue, entry.Kind)
        : throw new InvalidOperationException($"No job named '{name}' is registered to follow another; known: {Known()}. Register it with AddJob.");

    /// <summary>Makes the job a store is given.</summary>
    /// <exception cref="InvalidOperationException">The type is not registered.</exception>
    /// <exception cref="ArgumentException">The options or the payload break a rule; the message says which.</exception>
    public NewJob NewJob(object payload, JobOptions? options)
    {
        ArgumentNullException.ThrowIfNull(payload);
        var entry = _byType.GetValueOrDefault(payload.GetType()) ?? throw new InvalidOperationException(
            $"No job is registered for the payload type {payload.GetType()}; known: {Known()}. Register it with AddJob<{payload.GetType().Name}, …>(\"name\", queue: …).");
        options ??= new JobOptions();
        var queue = Queue(options.Queue ?? entry.Queue);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(payload, payload.GetType(), _json);
        return NewJobRules.Check(new NewJob
        {
            Queue = queue.Name,
            Kind = entry.Kind,
            Payload = bytes,
            Priority = options.Priority,
            Delay = options.Delay,
            Group = options.Group,
            UniqueKey = options.UniqueKey,
            Timeout = options.Timeout,
            Deadline = options.Deadline ?? (queue.Deadline == NewJobRules.DefaultDeadline ? null : queue.Deadline),
            Retries = options.Retries,
            After = options.After,
            Then = options.Then is { } then ? StepTo(then) : null,
        }, queue);
    }

    private string Known() => _byName.Count == 0 ? "none" : string.Join(", ", _byName.Keys.Order(StringComparer.Ordinal));
}

/// <summary>One kind of job as it was registered.</summary>
/// <param name="Kind">Its wire name and newest version.</param>
/// <param name="Queue">The queue its jobs go to.</param>
/// <param name="Payload">The payload's type.</param>
/// <param name="Run">Runs it: payload bytes and their version in, result bytes out.</param>
internal sealed record JobEntry(JobKind Kind, string Queue, Type Payload, JobInvoker Run)
{
    /// <summary>Payloads of older versions and how to read them as the newest.</summary>
    public IReadOnlyDictionary<int, Func<ReadOnlyMemory<byte>, JsonSerializerOptions, object>> Upcasts { get; init; } =
        new Dictionary<int, Func<ReadOnlyMemory<byte>, JsonSerializerOptions, object>>();

    /// <summary>What a node with this registration can run: the newest version and those it can read.</summary>
    public IEnumerable<JobKind> Kinds => Upcasts.Keys.Append(Kind.Version).Distinct().Select(version => Kind with { Version = version });

    /// <summary>Reads a payload of any version this entry knows.</summary>
    public object Read(ReadOnlyMemory<byte> payload, int version, JsonSerializerOptions json) => version == Kind.Version
        ? JsonSerializer.Deserialize(payload.Span, Payload, json) ?? throw new JsonException($"The payload of {Kind} is null.")
        : Upcasts[version](payload, json);
}

/// <summary>Runs one attempt of one kind.</summary>
internal delegate ValueTask<ReadOnlyMemory<byte>> JobInvoker(object payload, JobContext context, JsonSerializerOptions json, CancellationToken cancellationToken);
