namespace Fairlead.PostgreSql;

/// <summary>Names of queues and kinds for readers: what a snapshot shows is committed, so it may be remembered.</summary>
internal sealed class ReadNames(Statements sql, NameTable names)
{
    public string Queue(long id)
    {
        if (!names.TryQueueName(id, out var name))
        {
            var row = sql["queue_name"].Add(id);
            name = row.Step() ? row.Text(0) : "";
            names.AddQueue(name, id);
        }
        return name!;
    }

    public JobKind Kind(long id)
    {
        if (!names.TryKindName(id, out var kind))
        {
            var row = sql["kind_name"].Add(id);
            kind = row.Step() ? new(row.Text(0), row.Int(1)) : default;
            names.AddKind(kind, id);
        }
        return kind;
    }

    public long? QueueId(string name) => names.TryQueue(name, out var id) ? id : sql["find_queue"].Add(name).Number();
}
