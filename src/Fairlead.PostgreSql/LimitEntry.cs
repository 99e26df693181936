using System.Text.Json;

namespace Fairlead.PostgreSql;

/// <summary>A limit as one operation knows it.</summary>
internal sealed record LimitEntry(long Id, string Name, Limit Declared, Limit? Change)
{
    public Limit InForce => Change ?? Declared;

    /// <summary>From <paramref name="row" />: id, declared, change.</summary>
    public static LimitEntry Read(Statement row, string name) =>
        new(row.Long(0), name, Parse(row.Text(1)), row.MaybeText(2) is { } change ? Parse(change) : null);

    public static string Write(Limit limit) => JsonSerializer.Serialize(limit, StoreJson.Default.Limit);

    private static Limit Parse(string json) => JsonSerializer.Deserialize(json, StoreJson.Default.Limit)!;
}
