using System.Threading.RateLimiting;
using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>
/// Permits in use, or the word that there were none. Disposing gives back numbers at once; permits of a rate are used up, unless they are
/// given back by name.
/// </summary>
internal sealed class SharedLease : RateLimitLease
{
    private List<(SharedRateLimiter From, Permit Permit)> _permits;
    private readonly TimeSpan? _retryAfter;
    private readonly string? _reason;

    public SharedLease(IEnumerable<(SharedRateLimiter From, Permit Permit)> permits) => _permits = [.. permits];

    public SharedLease(TimeSpan retryAfter, string reason) => (_permits, _retryAfter, _reason) = ([], retryAfter, reason);

    public override bool IsAcquired => _reason is null;

    /// <summary>The permits, to be made part of another lease.</summary>
    public IReadOnlyList<(SharedRateLimiter From, Permit Permit)> Permits => _permits;

    public override IEnumerable<string> MetadataNames => IsAcquired ? [] : [MetadataName.RetryAfter.Name, MetadataName.ReasonPhrase.Name];

    public override bool TryGetMetadata(string metadataName, out object? metadata)
    {
        metadata = metadataName == MetadataName.RetryAfter.Name ? _retryAfter
            : metadataName == MetadataName.ReasonPhrase.Name ? _reason
            : null;
        return metadata is not null;
    }

    /// <summary>They were not used: others may have them.</summary>
    public void GiveBack() => Release(static _ => true);

    protected override void Dispose(bool disposing) => Release(static permit => permit.Id > 0);

    private void Release(Predicate<Permit> which)
    {
        foreach (var (from, permit) in Interlocked.Exchange(ref _permits, []))
        {
            if (which(permit))
            {
                from.GiveBack(permit);
            }
        }
    }
}
