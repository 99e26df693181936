using System.Collections.Concurrent;

namespace Fairlead.PostgreSql;

/// <summary>The numbers of queues and kinds, remembered once they are committed. They never change, so nothing here grows stale.</summary>
internal sealed class NameTable
{
    private readonly ConcurrentDictionary<string, long> queues = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, string> queueNames = new();
    private readonly ConcurrentDictionary<JobKind, long> kinds = new();
    private readonly ConcurrentDictionary<long, JobKind> kindNames = new();
    private readonly ConcurrentDictionary<(long Queue, long Kind), bool> lines = new();

    public bool TryQueue(string name, out long id) => queues.TryGetValue(name, out id);

    public bool TryKind(JobKind kind, out long id) => kinds.TryGetValue(kind, out id);

    public bool HasLine(long queue, long kind) => lines.ContainsKey((queue, kind));

    public void AddQueue(string name, long id)
    {
        queues[name] = id;
        queueNames[id] = name;
    }

    public void AddKind(JobKind kind, long id)
    {
        kinds[kind] = id;
        kindNames[id] = kind;
    }

    public void AddLine(long queue, long kind) => lines[(queue, kind)] = true;

    /// <summary>A queue's name, if it is known.</summary>
    public bool TryQueueName(long id, out string? name) => queueNames.TryGetValue(id, out name);

    /// <summary>A kind's name and version, if they are known.</summary>
    public bool TryKindName(long id, out JobKind kind) => kindNames.TryGetValue(id, out kind);
}
