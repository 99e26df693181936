using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace Fairlead.Processes.Pools;

/// <summary>What a process of <c>protocol: stream</c> says on one line; which of the first members is set tells what it is. See docs/workers.md.</summary>
internal sealed record StreamAnswer
{
    public long? Done { get; init; }

    public long? Failed { get; init; }

    public long? Defer { get; init; }

    public long? Progress { get; init; }

    public long? Log { get; init; }

    public long? Enqueue { get; init; }

    /// <summary>Of processes of this program alone: it waits for permits that it gets itself.</summary>
    public long? Waits { get; init; }

    /// <summary>Of processes of this program alone: it waits no more.</summary>
    public long? Works { get; init; }

    public string? Acquire { get; init; }

    public string? Release { get; init; }

    public string? Limited { get; init; }

    public string? Charge { get; init; }

    /// <summary>A key, or a list of keys, that it asks for once.</summary>
    public JsonElement? Once { get; init; }

    /// <summary>Keys of its job that are kept, whatever becomes of the job.</summary>
    public JsonElement? Kept { get; init; }

    /// <summary>Keys of its job that it gives back.</summary>
    public JsonElement? Free { get; init; }

    /// <summary>What keys belong to.</summary>
    public string? Scope { get; init; }

    /// <summary>How long keys are remembered: a time as text, or seconds.</summary>
    public JsonElement? Keep { get; init; }

    public long? For { get; init; }

    public JsonElement? Result { get; init; }

    public string? Error { get; init; }

    public bool? Retry { get; init; }

    public double? Seconds { get; init; }

    public string? Reason { get; init; }

    public long? Processed { get; init; }

    public long? Total { get; init; }

    public string? Message { get; init; }

    public string? Level { get; init; }

    public long? Cost { get; init; }

    public string? Queue { get; init; }

    public string? Kind { get; init; }

    public int? Version { get; init; }

    public JsonElement? Payload { get; init; }

    public double? Delay { get; init; }

    public double? Timeout { get; init; }

    public double? Deadline { get; init; }

    public int? Priority { get; init; }

    public string? Group { get; init; }

    public string? Unique { get; init; }

    public int? Retries { get; init; }

    /// <summary>Of processes of this program alone: jobs that must complete first.</summary>
    public IReadOnlyList<long>? After { get; init; }

    /// <summary>Of processes of this program alone: what follows the enqueued job, as the queue and kind of another.</summary>
    public StreamAnswer? Then { get; init; }

    /// <summary>The job it is about; null when it says none.</summary>
    [JsonIgnore]
    public long? Job => Done ?? Failed ?? Defer ?? Progress ?? Log ?? Enqueue ?? Waits ?? Works ?? For;

    /// <summary>Reads a line; null when it is no JSON object, or has a member of the wrong type: then it is log.</summary>
    public static StreamAnswer? Read(ReadOnlySpan<byte> line)
    {
        line = line.Trim(" \t\r"u8);
        if (!Utf8.IsValid(line))
        {
            // A result goes to the store as it stands: what is no text is replaced here, or the store would refuse it for ever.
            line = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(line));
        }
        if (line.IsEmpty || line[0] != '{')
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize(line, StreamJson.Default.StreamAnswer) is { IsAnswer: true } answer ? answer : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>True when it is about keys taken once.</summary>
    [JsonIgnore]
    public bool IsAboutKeys => Once is not null || Kept is not null || Free is not null;

    private bool IsAnswer => Job is not null && (For is null || IsOfAJob) || Limited is not null || IsAboutKeys;

    private bool IsOfAJob => Acquire is not null || Release is not null || Charge is not null;
}

/// <summary>Reads answers without looking anything up at run time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, MaxDepth = 1000)]
[JsonSerializable(typeof(StreamAnswer))]
internal sealed partial class StreamJson : JsonSerializerContext;
