using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Schedules;

namespace Fairlead.Storage;

/// <summary>How stores that keep text keep schedules. Two definitions are the same when their texts are.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ScheduleDefinition))]
[JsonSerializable(typeof(ScheduleState))]
internal sealed partial class ScheduleJson : JsonSerializerContext
{
    public static string Write(ScheduleDefinition definition) => JsonSerializer.Serialize(definition, Default.ScheduleDefinition);

    public static ScheduleDefinition ReadDefinition(string text) => JsonSerializer.Deserialize(text, Default.ScheduleDefinition)!;

    public static string Write(ScheduleState state) => JsonSerializer.Serialize(state, Default.ScheduleState);

    public static ScheduleState ReadState(string text) => JsonSerializer.Deserialize(text, Default.ScheduleState)!;
}
