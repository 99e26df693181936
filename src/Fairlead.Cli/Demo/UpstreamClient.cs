using System.Net;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo;

/// <summary>Calls one upstream. A 429 becomes "come later", at no cost to the job, as the upstream asked.</summary>
internal sealed class UpstreamClient(Upstream upstream, HttpClient http)
{
    public Upstream Upstream => upstream;

    public async Task<int> PriceAsync(string asin, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(new Uri(upstream.Address, $"/products/{asin}"), cancellationToken);
        if (answer.StatusCode == HttpStatusCode.TooManyRequests)
        {
            throw new JobDeferredException(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), $"{upstream.Name} answered 429.");
        }
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken))!["price"]!.GetValue<int>();
    }
}
