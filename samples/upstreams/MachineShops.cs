using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Fairlead.Samples.Upstreams;

/// <summary>
/// Shops that sell machines, and the service that fetches their pages for others.
/// <c>/scrape?url=https://omtech.example/machines/mopa-60w&amp;tier=1</c> fetches a page: tier 1 as it is sent, for one credit; tier 2 in a
/// browser, 1.5 times as slow and for five. Some shops put their prices there only by script: tier 1 gets a page without one.
/// <c>/direct?url=…</c> is the shop itself, which answers each caller so often and then with 429 and <c>Retry-After</c>.
/// A few pages never answer. Prices are drawn from a page's address and the day.
/// </summary>
public sealed class MachineShops : IUpstream
{
    private const double BrowserFactor = 1.5;

    /// <summary>Pages that do not answer, one in each of a few shops.</summary>
    public static IReadOnlyList<string> Silent { get; } =
        ["onelaser.example/machines/hydra-7", "omtech.example/machines/polar-350", "thunder.example/machines/nova-35", "commarker.example/machines/b4-60w"];

    private readonly TimeProvider _clock;
    private readonly Dictionary<string, Shop> _shops;
    private readonly Dictionary<string, TokenBucket> _direct;
    private readonly HashSet<string> _hung;

    /// <summary>Opens the shops.</summary>
    /// <param name="clock">Their time.</param>
    /// <param name="scale">What all times are multiplied by: 0.05 lets a page that takes 7 s take 350 ms. Above 0; default 1.</param>
    /// <param name="hung">Pages that do not answer: <c>omtech.example/machines/mopa-60w</c>, or a whole shop: <c>omtech.example</c>.</param>
    /// <param name="hangFor">How long they do not; not multiplied. Default 34 minutes.</param>
    public MachineShops(TimeProvider clock, double scale = 1, IEnumerable<string>? hung = null, TimeSpan? hangFor = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        _clock = clock;
        _shops = Shop.All.ToDictionary(static shop => shop.Domain, shop => shop with { Latency = shop.Latency * scale }, StringComparer.OrdinalIgnoreCase);
        _direct = Shop.All.ToDictionary(static shop => shop.Domain, shop => new TokenBucket(shop.PerSecond / scale, 4, clock), StringComparer.OrdinalIgnoreCase);
        _hung = new(hung ?? [], StringComparer.OrdinalIgnoreCase);
        HangFor = hangFor ?? TimeSpan.FromMinutes(34);
    }

    /// <inheritdoc />
    public string Name => "machine-shops";

    /// <summary>How long a page that does not answer does not.</summary>
    public TimeSpan HangFor { get; }

    /// <summary>Credits that fetches have cost so far.</summary>
    public long Credits { get; private set; }

    /// <inheritdoc />
    public UpstreamAnswer Answer(UpstreamCall call)
    {
        if (call.Path is not ("/scrape" or "/direct"))
        {
            return new(404, new { error = $"Expected /scrape or /direct; got {call.Path}." });
        }
        if (!Uri.TryCreate(call["url"], UriKind.Absolute, out var url) || !_shops.TryGetValue(url.Host, out var shop))
        {
            return new(422, new { error = $"Expected url to be a page of one of {string.Join(", ", _shops.Keys)}; got '{call["url"]}'." });
        }
        return (call.Path == "/direct" ? Direct(shop, url) : Scraped(shop, url, (int)call.Number("tier", 1))) with { For = shop.Domain };
    }

    private UpstreamAnswer Direct(Shop shop, Uri url) => _direct[shop.Domain].TryTake()
        ? Page(shop, url, browser: false)
        : new UpstreamAnswer(429, new { error = "Too many requests." }).With("Retry-After", Math.Ceiling(_direct[shop.Domain].TimeUntil(1).TotalSeconds));

    private UpstreamAnswer Scraped(Shop shop, Uri url, int tier)
    {
        if (tier is not (1 or 2))
        {
            return new(422, new { error = $"Expected tier 1 or 2; got {tier}." });
        }
        var cost = tier == 2 ? 5 : 1;
        Credits += cost;
        return Page(shop, url, browser: tier == 2).With("x-scrape-cost", cost);
    }

    private UpstreamAnswer Page(Shop shop, Uri url, bool browser) => new(200, Html(url, shown: browser || !shop.ByScript))
    {
        ContentType = "text/html; charset=utf-8",
        Takes = _hung.Contains(url.Host) || _hung.Contains(url.Host + url.AbsolutePath) ? HangFor : shop.Latency * (browser ? BrowserFactor : 1),
    };

    private string Html(Uri url, bool shown)
    {
        var name = WebUtility.HtmlEncode(url.Segments[^1].Replace('-', ' '));
        var offer = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["@context"] = "https://schema.org", ["@type"] = "Product", ["url"] = url.AbsoluteUri,
            ["offers"] = new Dictionary<string, string> { ["@type"] = "Offer", ["price"] = Price(url).ToString("0.00", CultureInfo.InvariantCulture), ["priceCurrency"] = "USD" },
        });
        var script = shown ? $"<script type=\"application/ld+json\">{offer}</script>" : "<script src=\"/shop.js\"></script>";
        return $"<!doctype html>\n<html><head><title>{name}</title>{script}</head><body><h1>{name}</h1></body></html>\n";
    }

    /// <summary>From 500 to 8,499 dollars by the address (FNV-1a: the same in every process), and up to 49 more by the day.</summary>
    private decimal Price(Uri url)
    {
        var hash = url.AbsoluteUri.Aggregate(2166136261u, static (sum, letter) => (sum ^ letter) * 16777619u);
        return 500 + (hash % 8000) + (_clock.GetUtcNow().DayOfYear * 7 % 50) - 0.01m;
    }

    /// <summary>A shop.</summary>
    /// <param name="Domain">Where.</param>
    /// <param name="Latency">How long a page takes.</param>
    /// <param name="ByScript">Whether prices are put there by script.</param>
    /// <param name="PerSecond">How often it answers one caller.</param>
    public sealed record Shop(string Domain, TimeSpan Latency, bool ByScript = false, double PerSecond = 2)
    {
        /// <summary>All of them. A page takes 7 s in the middle, as a page behind a proxy does.</summary>
        public static IReadOnlyList<Shop> All { get; } =
        [
            new("onelaser.example", TimeSpan.FromSeconds(7)),
            new("omtech.example", TimeSpan.FromSeconds(7)),
            new("xtool.example", TimeSpan.FromSeconds(4), ByScript: true),
            new("glowforge.example", TimeSpan.FromSeconds(6), ByScript: true),
            new("monport.example", TimeSpan.FromSeconds(8)),
            new("thunder.example", TimeSpan.FromSeconds(9)),
            new("commarker.example", TimeSpan.FromSeconds(5)),
            new("aeon.example", TimeSpan.FromSeconds(8)),
            new("sculpfun.example", TimeSpan.FromSeconds(6)),
            new("longer.example", TimeSpan.FromSeconds(7)),
            new("fluxlasers.example", TimeSpan.FromSeconds(5), ByScript: true),
        ];
    }
}
