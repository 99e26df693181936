using System.Text.Json;
using Fairlead.AspNetCore.Problems;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Requests;

/// <summary>A batch in one JSON object: <c>{"name","items":[…],"finalize":{"queue","payload"},"max_workers","fail_on_error"}</c>.</summary>
internal sealed class BatchRequest
{
    private static readonly string[] Keys = ["name", "items", "finalize", "max_workers", "fail_on_error"];

    public string? Name { get; private set; }

    /// <summary>The items' payloads, each a piece of the body.</summary>
    public List<ReadOnlyMemory<byte>> Items { get; } = [];

    public NewJob? Finalize { get; private set; }

    public int? MaxWorkers { get; private set; }

    public bool FailOnError { get; private set; }

    /// <summary>Reads it in one pass; items are not copied.</summary>
    public static BatchRequest Read(ReadOnlyMemory<byte> body)
    {
        var batch = new BatchRequest();
        try
        {
            batch.ReadObject(body);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw Problem.Body($"A batch expects JSON: {{\"name\":\"…\",\"items\":[…],\"finalize\":{{\"queue\":\"…\",\"payload\":…}},\"max_workers\":8,\"fail_on_error\":false}}, or NDJSON as application/x-ndjson. {error.Message}");
        }
        return batch;
    }

    private void ReadObject(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span);
        reader.Read();
        Expect(reader.TokenType == JsonTokenType.StartObject, "an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            ReadMember(key, ref reader, body);
        }
        // What follows the object is an error, too.
        reader.Read();
    }

    private void ReadMember(string key, ref Utf8JsonReader reader, ReadOnlyMemory<byte> body)
    {
        switch (key)
        {
            case "name":
                Name = reader.GetString();
                break;
            case "items":
                ReadItems(ref reader, body);
                break;
            case "finalize":
                Finalize = reader.TokenType == JsonTokenType.Null ? null : ReadFinalize(ref reader, body);
                break;
            case "max_workers":
                MaxWorkers = reader.TokenType == JsonTokenType.Null ? null : reader.GetInt32();
                break;
            case "fail_on_error":
                FailOnError = reader.GetBoolean();
                break;
            default:
                throw Problem.Body(NearestName.Unknown("key", key, Keys, "Items and payloads may be anything."));
        }
    }

    private void ReadItems(ref Utf8JsonReader reader, ReadOnlyMemory<byte> body)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, "a list of items");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Items.Add(Cut(ref reader, body));
        }
    }

    private static NewJob ReadFinalize(ref Utf8JsonReader reader, ReadOnlyMemory<byte> body)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, "finalize as an object");
        string? queue = null, kind = null;
        var payload = JobPayload.Null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "queue":
                    queue = reader.GetString();
                    break;
                case "kind":
                    kind = reader.GetString();
                    break;
                case "payload":
                    payload = JobPayload.Read(Cut(ref reader, body));
                    break;
                default:
                    throw Problem.Body(NearestName.Unknown("key of finalize", key, ["queue", "kind", "payload"]));
            }
        }
        return queue is null
            ? throw Problem.Body("finalize expects a queue: {\"queue\":\"report\",\"payload\":{}}.")
            : new NewJob { Queue = queue, Kind = JobKind.Read(kind ?? queue), Payload = payload };
    }

    /// <summary>The bytes of the value the reader stands at.</summary>
    private static ReadOnlyMemory<byte> Cut(ref Utf8JsonReader reader, ReadOnlyMemory<byte> body)
    {
        var from = (int)reader.TokenStartIndex;
        reader.Skip();
        return body[from..(int)reader.BytesConsumed];
    }

    private static void Expect(bool held, string what)
    {
        if (!held)
        {
            throw new JsonException($"Expected {what}.");
        }
    }
}
