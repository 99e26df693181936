using System.Text.Json;

namespace Fairlead.PostgreSql;

/// <summary>What nodes declare of a queue and what an operator changed of it.</summary>
internal readonly record struct QueueTerms(QueueDefinition? Declared, QueueChange? Change)
{
    /// <summary>What everything goes by.</summary>
    public QueueDefinition? InForce => QueueChange.InForce(Declared, Change);

    public static QueueTerms Read(long queue, Statements sql)
    {
        var row = sql["queue_definition"].Add(queue);
        var terms = row.Step() ? Of(row.MaybeText(0), row.MaybeText(1)) : default;
        return terms;
    }

    public static QueueTerms Of(string? declared, string? change) => new(
        declared is null ? null : JsonSerializer.Deserialize(declared, StoreJson.Default.QueueDefinition),
        change is null ? null : JsonSerializer.Deserialize(change, StoreJson.Default.QueueChange));

    public void Write(long queue, Statements sql) => sql["define_queue"].Add(queue)
        .Add(Declared is null ? null : JsonSerializer.Serialize(Declared, StoreJson.Default.QueueDefinition))
        .Add(Change is null ? null : JsonSerializer.Serialize(Change, StoreJson.Default.QueueChange))
        .Add(InForce?.MaxConcurrent).Run();
}
