using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Batches;

namespace Fairlead.Storage;

/// <summary>What became of a parent's children: its result, JSON.</summary>
/// <param name="Batch">Their batch; null when there were none.</param>
/// <param name="Total">How many there were.</param>
/// <param name="Completed">How many completed.</param>
/// <param name="Failed">How many failed.</param>
/// <param name="Cancelled">How many were cancelled.</param>
/// <param name="LeftOut">How many were left out because an unfinished job held their unique key.</param>
public sealed record ChildrenResult(long? Batch, long Total, long Completed, long Failed, long Cancelled, int LeftOut)
{
    /// <summary>The result of a parent whose children have ended.</summary>
    public static ReadOnlyMemory<byte> Write(JobId? batch, StateTally children, int leftOut) => JsonSerializer.SerializeToUtf8Bytes(
        new(batch?.Value, children.Total, children.Completed, children.Failed, children.Cancelled, leftOut), ChildrenJson.Default.ChildrenResult);

    /// <summary>What is kept for people to read of a parent that ended with its children; null for one that completed.</summary>
    internal static string? Error(JobStatus status, StateTally children) => status switch
    {
        JobStatus.Failed => $"{children.Failed} of its {children.Total} children failed.",
        JobStatus.Cancelled => "Cancelled while its children ran.",
        _ => null,
    };

    /// <summary>Reads such a result; null when it is another one.</summary>
    public static ChildrenResult? Read(ReadOnlySpan<byte> result)
    {
        try
        {
            return result.IsEmpty ? null : JsonSerializer.Deserialize(result, ChildrenJson.Default.ChildrenResult);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ChildrenResult))]
internal sealed partial class ChildrenJson : JsonSerializerContext;
