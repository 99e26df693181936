using System.Text.Json.Serialization;

namespace Fairlead.Storage;

/// <summary>How stores that keep bytes keep what nodes say of their pools.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<PoolReport>))]
internal sealed partial class PoolJson : JsonSerializerContext;
