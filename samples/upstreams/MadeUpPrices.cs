namespace Fairlead.Samples.Upstreams;

/// <summary>Prices in cents that depend on the product's number alone: whoever asks twice is told the same.</summary>
public static class MadeUpPrices
{
    private const int Least = 500;
    private const int Range = 9_500;

    /// <summary>What it usually costs: 5.00 to 99.99.</summary>
    public static int Usual(string asin) => Least + (int)(Hash(asin) % Range);

    /// <summary>What one seller asks: up to a fifth more or less.</summary>
    public static int Own(string asin) => Usual(asin) * (80 + (int)(Hash(asin + "/own") % 41)) / 100;

    /// <summary>FNV-1a, 32 bits: string's own hash is another in each process.</summary>
    private static uint Hash(string text) => text.Aggregate(2166136261u, static (hash, letter) => unchecked((hash ^ letter) * 16777619u));
}
