namespace Fairlead.Samples.Upstreams;

/// <summary>
/// A marketplace with accounts of very different sizes: <c>/accounts/{account}/{orders|offers|messages}?page=1</c> gives fifty of them, and
/// says in <c>next</c> which page follows. An account of twenty times the size takes twenty times as long, page by page. Each account is
/// answered so often and then gets 429 with <c>Retry-After</c>. Two are unlike the others: the offers of one are broken, and what they
/// send is no list; the messages of another never answer.
/// </summary>
/// <param name="clock">Its time.</param>
/// <param name="pageTakes">How long each page takes. Default 1 s.</param>
/// <param name="perSecond">Calls a second and account; more get 429. Default 50.</param>
/// <param name="hangFor">How long what never answers does not. Default 34 minutes.</param>
public sealed class Marketplace(TimeProvider clock, TimeSpan? pageTakes = null, double perSecond = 50, TimeSpan? hangFor = null) : IUpstream
{
    /// <summary>Things on a page.</summary>
    public const int PageSize = 50;

    private static readonly string[] Kinds = ["orders", "offers", "messages"];
    private readonly Dictionary<string, TokenBucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>The accounts and how many pages each has of everything.</summary>
    public static IReadOnlyDictionary<string, int> Pages { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["atlas"] = 2, ["birch"] = 2, ["cedar"] = 2, ["dune"] = 2, ["ember"] = 2, ["fjord"] = 2,
        ["grove"] = 2, ["harbor"] = 2, ["island"] = 2, ["juniper"] = 2, ["kelp"] = 2, ["leviathan"] = 40,
    };

    /// <summary>The account whose offers are no list.</summary>
    public const string Broken = "dune";

    /// <summary>The account whose messages never answer.</summary>
    public const string Hanging = "harbor";

    /// <inheritdoc />
    public string Name => "marketplace";

    /// <inheritdoc />
    public UpstreamAnswer Answer(UpstreamCall call)
    {
        var parts = call.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is not ["accounts", var account, var kind] || !Kinds.Contains(kind, StringComparer.Ordinal) || !Pages.TryGetValue(account, out var pages))
        {
            return new(404, new { error = $"Expected /accounts/{{account}}/{{orders|offers|messages}} of a known account; got {call.Path}." });
        }
        return Listed(account, kind, Math.Max(1, (int)call.Number("page", 1)), pages) with { For = $"{account}/{kind}" };
    }

    private UpstreamAnswer Listed(string account, string kind, int page, int pages)
    {
        var bucket = _buckets.TryGetValue(account, out var known) ? known : _buckets[account] = new(perSecond, perSecond, clock);
        if (!bucket.TryTake())
        {
            return new UpstreamAnswer(429, new { error = "Too many requests." }).With("Retry-After", Math.Ceiling(bucket.TimeUntil(1).TotalSeconds));
        }
        var hangs = (account, kind) == (Hanging, "messages");
        return new UpstreamAnswer(200, Body(account, kind, page, pages)) { Takes = hangs ? hangFor ?? TimeSpan.FromMinutes(34) : pageTakes ?? TimeSpan.FromSeconds(1) };
    }

    private static object Body(string account, string kind, int page, int pages)
    {
        if ((account, kind) == (Broken, "offers"))
        {
            return new { items = "Internal error 0x5F" };
        }
        var items = page > pages ? [] : Enumerable.Range(((page - 1) * PageSize) + 1, PageSize).Select(number => new { id = $"{account}-{kind}-{number}" }).ToArray();
        return new { items, next = page < pages ? page + 1 : (int?)null };
    }
}
