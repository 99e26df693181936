using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fairlead.Samples.PriceUpdate;

/// <summary>Fetches pages of shops, through the scraping service or from the shops themselves, and reads prices off them.</summary>
internal sealed partial class ScraperClient(HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan UnlessTold = TimeSpan.FromSeconds(10);

    /// <summary>Fetches a page and reads the price that it shows.</summary>
    /// <param name="page">The page.</param>
    /// <param name="tier">0: from the shop itself; 1: as the shop sends it; 2: in a browser.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="JobDeferredException">The shop wants to be left alone for a while.</exception>
    /// <exception cref="JobFailedException">The page has no price: asking again in the same way does not help.</exception>
    /// <exception cref="HttpRequestException">It was not answered well.</exception>
    public async Task<Price> FetchAsync(Uri page, int tier, CancellationToken cancellationToken)
    {
        var address = $"{(tier == 0 ? "direct" : "scrape")}?url={Uri.EscapeDataString(page.AbsoluteUri)}{(tier == 0 ? "" : $"&tier={tier}")}";
        using var answer = await http.GetAsync(new Uri(address, UriKind.Relative), cancellationToken);
        if (answer.StatusCode == HttpStatusCode.TooManyRequests)
        {
            throw new JobDeferredException(WaitOf(answer), $"{page.Host} wants to be asked later.");
        }
        answer.EnsureSuccessStatusCode();
        return Read(await answer.Content.ReadAsStringAsync(cancellationToken)) ?? throw new JobFailedException(
            tier == 2 ? $"{page} shows no price." : $"{page} shows no price without a browser: set its tier to 2, and update with use_scrapfly.");
    }

    private TimeSpan WaitOf(HttpResponseMessage answer) =>
        answer.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - time.GetUtcNow() ?? UnlessTold : UnlessTold;

    /// <summary>The offer that a page describes for machines (schema.org, JSON-LD); null for none.</summary>
    private static Price? Read(string html)
    {
        if (Described().Match(html) is not { Success: true } described)
        {
            return null;
        }
        using var product = JsonDocument.Parse(described.Groups["product"].Value);
        var offer = product.RootElement.GetProperty("offers");
        return new Price(decimal.Parse(offer.GetProperty("price").GetString()!, CultureInfo.InvariantCulture), offer.GetProperty("priceCurrency").GetString()!);
    }

    [GeneratedRegex("""<script type="application/ld\+json">(?<product>.*?)</script>""", RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Described();
}
