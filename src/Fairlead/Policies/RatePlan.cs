namespace Fairlead.Policies;

/// <summary>A rate in the numbers its slots are reckoned with, in ticks of 100 ns; rounded so that it never admits more.</summary>
/// <param name="Permits">How many in a window.</param>
/// <param name="Window">The window.</param>
/// <param name="Spacing">How far two permits lie apart.</param>
/// <param name="Burst">The size of the bucket; 1 for none.</param>
/// <param name="Shape">How permits lie in the window.</param>
/// <param name="Debt">Whether the bucket may go below zero.</param>
internal readonly record struct RatePlan(long Permits, long Window, long Spacing, long Burst, LimitShape Shape, bool Debt)
{
    /// <summary>The plan of a limit whose rate is adapted by <paramref name="factor" />.</summary>
    public static RatePlan Of(Limit limit, Rate rate, double factor)
    {
        var window = (long)Math.Ceiling(rate.Per.Ticks / ((1 - limit.Margin) * factor));
        var spacing = (window + rate.Permits - 1) / rate.Permits;
        return new(rate.Permits, window, spacing, limit.Burst, limit.Shape, limit.Debt);
    }

    /// <summary>Smooth and without a bucket: slots on a grid, and exactly so many in any window.</summary>
    public bool IsSmooth => Shape == LimitShape.Smooth && Burst == 1 && !Debt;

    /// <summary>Whether the exact window is kept besides the slots.</summary>
    public bool HasRing => IsSmooth || Shape == LimitShape.Window;
}
