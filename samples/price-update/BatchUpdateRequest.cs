using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fairlead.Samples.PriceUpdate;

/// <summary>The body of <c>POST /api/v1/batch-update</c>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BatchUpdateRequest
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Machines whose price is at least so many days old. 0 or more; default 7, 0 for all.</summary>
    public int DaysThreshold { get; init; } = 7;

    /// <summary>At most so many, the oldest first. 1 or more; null, the default, for all.</summary>
    public int? Limit { get; init; }

    /// <summary>How many machines of this batch at once. 1 or more, and no more than the queue's; default 5.</summary>
    public int MaxWorkers { get; init; } = 5;

    /// <summary>True, the default: through the scraping service, each machine in its tier. False: from the shops themselves.</summary>
    public bool UseScrapfly { get; init; } = true;

    /// <summary>Reads a request; a body that is empty takes all defaults.</summary>
    /// <returns>The request, or what is wrong with it: what was expected, and what came.</returns>
    public static async Task<(BatchUpdateRequest? Request, string? Problem)> ReadAsync(HttpRequest http)
    {
        using var body = new StreamReader(http.Body);
        var text = await body.ReadToEndAsync(http.HttpContext.RequestAborted);
        try
        {
            var request = text.Length == 0 ? new() : JsonSerializer.Deserialize<BatchUpdateRequest>(text, Json);
            return request?.Problem() is { } wrong ? (null, wrong) : request is null ? (null, Expected("null")) : (request, null);
        }
        catch (JsonException error)
        {
            return (null, Expected(error.Message));
        }
    }

    private static string Expected(string came) => $"The body expects an object such as {{\"days_threshold\":7,\"limit\":null,\"max_workers\":5,\"use_scrapfly\":true}}, each of which may be left out; got: {came}";

    private string? Problem() =>
        DaysThreshold is < 0 or > 36_500 ? $"days_threshold expects 0 to 36500 days; got {DaysThreshold}."
        : Limit is < 1 ? $"limit expects 1 or more, or null for all machines; got {Limit}."
        : MaxWorkers < 1 ? $"max_workers expects 1 or more; got {MaxWorkers}."
        : null;
}
