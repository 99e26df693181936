namespace Fairlead.Samples.Upstreams;

/// <summary>
/// Amazon's Selling Partner API as it limits: a token bucket per operation and pair of selling account and application; some operations
/// also per application, whichever comes first. <c>x-amzn-RateLimit-Limit</c> says the pair's rate, on most responses.
/// The access token names the pair: <c>x-amz-access-token: account.application</c>.
/// </summary>
public sealed class SpApi(TimeProvider clock, params IReadOnlyList<SpApiOperation> operations) : IUpstream
{
    private const int SilentResponse = 10;

    private readonly Dictionary<string, TokenBucket> _buckets = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<SpApiOperation> _operations = operations.Count > 0 ? operations : SpApiOperation.Published;
    private long _responses;

    /// <inheritdoc />
    public string Name => "sp-api";

    /// <inheritdoc />
    public UpstreamAnswer Answer(UpstreamCall call)
    {
        var operation = _operations.FirstOrDefault(operation => call.Path.StartsWith(operation.Path, StringComparison.Ordinal));
        if (operation is null)
        {
            return Error(404, "NotFound", $"No operation at {call.Path}; there are {string.Join(", ", _operations.Select(static known => known.Path))}.");
        }
        var buckets = BucketsOf(operation, call["x-amz-access-token"] ?? "account.application");
        var answer = buckets.TrueForAll(static bucket => bucket.Has(1))
            ? Granted(operation, buckets, call["Asins"])
            : Error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.");
        return ++_responses % SilentResponse == 0 ? answer : answer.With("x-amzn-RateLimit-Limit", operation.PerSecond);
    }

    private static UpstreamAnswer Granted(SpApiOperation operation, List<TokenBucket> buckets, string? asin)
    {
        buckets.ForEach(static bucket => bucket.Take(1));
        return new(200, new { payload = new { operation = operation.Name, asin, price = asin is null ? null as int? : MadeUpPrices.Own(asin) } });
    }

    private static UpstreamAnswer Error(int status, string code, string message) => new(status, new { errors = new[] { new { code, message, details = "" } } });

    private List<TokenBucket> BucketsOf(SpApiOperation operation, string token)
    {
        List<TokenBucket> buckets = [BucketOf($"{operation.Name} {token}", operation.PerSecond, operation.Burst)];
        if (operation.PerApplication is { } perSecond)
        {
            buckets.Add(BucketOf($"{operation.Name} of {token[(token.IndexOf('.', StringComparison.Ordinal) + 1)..]}", perSecond, operation.ApplicationBurst));
        }
        return buckets;
    }

    private TokenBucket BucketOf(string key, double perSecond, double burst)
    {
        if (!_buckets.TryGetValue(key, out var bucket))
        {
            _buckets.Add(key, bucket = new(perSecond, burst, clock));
        }
        return bucket;
    }
}

/// <summary>One operation's limits.</summary>
/// <param name="Name">Such as <c>getCatalogItem</c>.</param>
/// <param name="Path">What its path begins with.</param>
/// <param name="PerSecond">The rate of a pair of account and application, in calls per second.</param>
/// <param name="Burst">The size of the pair's bucket.</param>
public sealed record SpApiOperation(string Name, string Path, double PerSecond, double Burst)
{
    /// <summary>The rate of all accounts of an application together; null for none.</summary>
    public double? PerApplication { get; init; }

    /// <summary>The size of the application's bucket.</summary>
    public double ApplicationBurst { get; init; } = 1;

    /// <summary>The published operations, each at another rate: Amazon grants some accounts more than its defaults.</summary>
    public static IReadOnlyList<SpApiOperation> Granted(double perSecond) =>
        [.. Published.Select(operation => operation with { PerSecond = perSecond, Burst = Math.Max(1, perSecond) })];

    /// <summary>Some operations with their published default rates.</summary>
    public static IReadOnlyList<SpApiOperation> Published { get; } =
    [
        new("getCatalogItem", "/catalog/2022-04-01/items/", 2, 2),
        new("getPricing", "/products/pricing/v0/price", 0.5, 1),
        new("getCompetitivePricing", "/products/pricing/v0/competitivePrice", 0.5, 1),
        new("getOrderItems", "/orders/v0/orders/", 0.5, 30),
        new("getOrders", "/orders/v0/orders", 0.0167, 20),
        new("createRestrictedDataToken", "/tokens/2021-03-01/restrictedDataToken", 1, 10),
        new("getDefinitionsProductType", "/definitions/2020-09-01/productTypes/", 5, 10) { PerApplication = 100, ApplicationBurst = 100 },
    ];
}
