using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>One caller that waits for permits.</summary>
/// <param name="cost">How many.</param>
/// <param name="attempt">The attempt it belongs to; null outside attempts.</param>
/// <param name="latest">The latest moment at which they are of use, by the store's clock; null for any.</param>
internal sealed class PermitWaiter(long cost, AttemptKey? attempt, DateTimeOffset? latest)
{
    private readonly TaskCompletionSource<PermitGrant> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Cost => cost;

    public AttemptKey? Attempt => attempt;

    public DateTimeOffset? Latest => latest;

    /// <summary>Its place in line: lower ones asked earlier.</summary>
    public long Place { get; set; }

    /// <summary>What it is told in the end.</summary>
    public Task<PermitGrant> Answer => _answer.Task;

    public void Give(Permit permit) => _answer.TrySetResult(new(permit, default));

    public void Refuse(TimeSpan retryAfter) => _answer.TrySetResult(new(null, retryAfter));

    public void Fail(Exception error) => _answer.TrySetException(error);

    public void Cancel(CancellationToken cancellationToken) => _answer.TrySetCanceled(cancellationToken);
}

/// <summary>A permit whose moment has come, or the word that none is to be had in time.</summary>
/// <param name="Permit">The permit; null for none.</param>
/// <param name="RetryAfter">When there is none: how long until asking again makes sense.</param>
internal readonly record struct PermitGrant(Permit? Permit, TimeSpan RetryAfter);
