using System.Text.Json;
using Fairlead.AspNetCore.Problems;
using Fairlead.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Requests;

/// <summary>Turns payloads into the items of a batch, each checked as it comes.</summary>
/// <param name="each">What holds for every item.</param>
/// <param name="queue">What is in force for their queue.</param>
internal sealed class BatchItems(NewJob each, QueueDefinition queue)
{
    /// <summary>The most items of one batch.</summary>
    public const int Most = 1_000_000;

    /// <summary>The most bytes of one batch's items: all of them are in memory until they are committed.</summary>
    public const long MostBytes = 512L << 20;

    private readonly List<NewJob> _jobs = [];
    private long _bytes;

    public IReadOnlyList<NewJob> Jobs => _jobs;

    /// <summary>One item a line, while they come in.</summary>
    public async ValueTask ReadLinesAsync(HttpContext http)
    {
        await foreach (var line in LineBody.ReadAsync(RequestBody.Unbounded(http), queue.MaxPayload, TooLong, http.RequestAborted))
        {
            Add(line.Utf8, $"Line {line.Number}");
        }
    }

    /// <summary>The items of one JSON body.</summary>
    public void AddAll(IReadOnlyList<ReadOnlyMemory<byte>> payloads)
    {
        for (var i = 0; i < payloads.Count; i++)
        {
            Add(payloads[i], $"Item {i}");
        }
    }

    private void Add(ReadOnlyMemory<byte> payload, string where)
    {
        _bytes += payload.Length;
        if (_jobs.Count == Most || _bytes > MostBytes)
        {
            throw Problem.TooLarge($"{where}: a batch has at most {Most:N0} items and {SizeText.ForPeople(MostBytes)}. Send it in several.");
        }
        if (payload.Length > queue.MaxPayload)
        {
            throw TooLarge(where);
        }
        try
        {
            _jobs.Add(NewJobRules.Check(each with { Payload = JobPayload.Read(payload) }, queue));
        }
        catch (JsonException error)
        {
            throw Problem.Body($"{where} is no JSON: {error.Message} Nothing was enqueued.");
        }
        catch (ArgumentException error)
        {
            throw Problem.Rule($"{where}: {error.Message} Nothing was enqueued.");
        }
    }

    private Problem TooLong(int line) => TooLarge($"Line {line}");

    private Problem TooLarge(string where) => Problem.TooLarge($"{where} is larger than queue '{queue.Name}' takes: {queue.MaxPayload:N0} bytes (max_payload). Nothing was enqueued.");
}
