using System.Text.Json;

namespace Fairlead.Samples.ProductAnalysis;

/// <summary>What a product usually costs: Keepa.</summary>
public sealed class KeepaClient(HttpClient http)
{
    private const int AsinLength = 10;

    /// <summary>The usual price, in cents.</summary>
    /// <exception cref="JobFailedException">That is no product: no retry makes it one.</exception>
    public async Task<int> UsualPriceAsync(string asin, CancellationToken cancellationToken)
    {
        if (asin.Length != AsinLength || !asin.All(char.IsAsciiLetterOrDigit))
        {
            throw new JobFailedException($"An ASIN has {AsinLength} letters and digits; got '{asin}'.");
        }
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"product?asin={asin}", UriKind.Relative));
        using var response = await http.SendAsync(request, cancellationToken);
        var answer = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return answer.GetProperty("products")[0].GetProperty("usual_price").GetInt32();
    }
}
