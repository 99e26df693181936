using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>JSON that is already written, put into a body as it is.</summary>
[JsonConverter(typeof(Converter))]
internal readonly record struct RawJson(ReadOnlyMemory<byte> Utf8)
{
    public static RawJson? OrNull(ReadOnlyMemory<byte> utf8) => utf8.IsEmpty ? null : new RawJson(utf8);

    internal sealed class Converter : JsonConverter<RawJson>
    {
        public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Bodies are only written.");

        public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) => writer.WriteRawValue(value.Utf8.Span);
    }
}
