using System.Text.Json;
using Fairlead.Policies;

namespace Fairlead.PostgreSql;

/// <summary>A breaker as it is kept: JSON, or null while it has nothing to remember.</summary>
internal static class BreakerText
{
    public static BreakerState Read(string? json) => json is null ? default : JsonSerializer.Deserialize(json, StoreJson.Default.BreakerState);

    public static string? Write(in BreakerState state) => state == default ? null : JsonSerializer.Serialize(state, StoreJson.Default.BreakerState);
}
