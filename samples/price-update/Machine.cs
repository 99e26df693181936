namespace Fairlead.Samples.PriceUpdate;

/// <summary>A machine whose price is kept.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Name">Such as <c>OneLaser Hydra 7</c>.</param>
/// <param name="Url">The page that shows its price.</param>
/// <param name="Tier">How its page is fetched: 1 as it is sent, 2 in a browser.</param>
internal sealed record Machine(long Id, string Name, Uri Url, int Tier);

/// <summary>A price as a page shows it, and the result of a job.</summary>
/// <param name="Amount">How much.</param>
/// <param name="Currency">Of what: <c>USD</c>.</param>
internal sealed record Price(decimal Amount, string Currency);
