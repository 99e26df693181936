namespace Fairlead.Samples.Upstreams;

/// <summary>
/// Keepa as it limits: a request is answered if the balance is above zero, whatever it costs, so the balance may go below; 429 otherwise.
/// Tokens come at each refill and expire after an hour. Every answer says in its envelope, and here in headers too, what is left.
/// <c>/product?asin=A,B&amp;offers=20</c> costs a token per product, and six per product and ten offers; <c>/token</c> costs nothing.
/// </summary>
/// <param name="clock">Its time.</param>
/// <param name="refillRate">Tokens per minute.</param>
/// <param name="refillEvery">How often they come; a minute by default.</param>
/// <param name="balance">What is there at first; by default an hour's worth, which is the most there can be.</param>
public sealed class Keepa(TimeProvider clock, double refillRate, TimeSpan? refillEvery = null, double? balance = null) : IUpstream
{
    private const double OffersPage = 10;
    private const double OffersCost = 6;

    private readonly TokenBucket _balance = Filled(new(refillRate / 60, refillRate * 60, clock, refillEvery ?? TimeSpan.FromMinutes(1)), balance);

    /// <inheritdoc />
    public string Name => "keepa";

    /// <summary>Tokens that answers have cost so far.</summary>
    public double Consumed { get; private set; }

    /// <inheritdoc />
    public UpstreamAnswer Answer(UpstreamCall call)
    {
        if (call.Path == "/token")
        {
            return Envelope(200, 0, []) with { Counts = false };
        }
        if (_balance.Tokens <= 0)
        {
            return Envelope(429, 0, []);
        }
        var asins = (call["asin"] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        var cost = Math.Max(1, asins.Length) * (1 + (OffersCost * Math.Ceiling(call.Number("offers", 0) / OffersPage)));
        _balance.Take(cost);
        Consumed += cost;
        return Envelope(200, cost, asins);
    }

    private static TokenBucket Filled(TokenBucket bucket, double? balance)
    {
        bucket.Take(bucket.Size - (balance ?? bucket.Size));
        return bucket;
    }

    private UpstreamAnswer Envelope(int status, double cost, string[] asins)
    {
        var left = (long)Math.Floor(_balance.Tokens);
        var refillIn = Math.Ceiling(_balance.TimeUntilStep().TotalMilliseconds);
        var body = new
        {
            timestamp = clock.GetUtcNow().ToUnixTimeMilliseconds(), tokensLeft = left, refillIn, refillRate, tokenFlowReduction = 0.0, tokensConsumed = cost,
            products = asins.Select(static asin => new { asin, usual_price = MadeUpPrices.Usual(asin) }),
        };
        return new UpstreamAnswer(status, body).With("x-tokens-left", left).With("x-tokens-consumed", cost).With("x-refill-in", refillIn / 1000);
    }
}
