using System.Text.Json;

namespace Fairlead.Samples.ProductAnalysis;

/// <summary>What we ask for a product: Amazon's Selling Partner API.</summary>
public sealed class SpApiClient(HttpClient http)
{
    /// <summary>Our price, in cents.</summary>
    public async Task<int> OwnPriceAsync(string asin, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"products/pricing/v0/price?Asins={asin}", UriKind.Relative));
        request.Headers.Add("x-amz-access-token", "our-shop.our-app");
        using var response = await http.SendAsync(request, cancellationToken);
        var answer = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return answer.GetProperty("payload").GetProperty("price").GetInt32();
    }
}
