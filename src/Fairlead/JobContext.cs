using System.Threading.RateLimiting;
using Fairlead.Engine;
using Fairlead.Keys;
using Fairlead.Limits;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead;

/// <summary>What a running attempt knows of itself, and what it may do besides its work.</summary>
public sealed class JobContext
{
    private static readonly AsyncLocal<JobContext?> Running = new();
    private readonly Attempt _attempt;
    private readonly JobRegistry _registry;
    private readonly List<NewJob> _enqueued = [];

    internal JobContext(Attempt attempt, JobRegistry registry, IServiceProvider services)
    {
        _attempt = attempt;
        _registry = registry;
        Services = services;
    }

    /// <summary>The job's id.</summary>
    public JobId Id => _attempt.Job.Key.Job;

    /// <summary>Everything the store gave with the claim.</summary>
    public ClaimedJob Job => _attempt.Job;

    /// <summary>1 for the first attempt.</summary>
    public int Attempt => _attempt.Job.Attempt;

    /// <summary>Grows with every claim of this job: hand it to whatever keeps effects, so that a stale attempt's can be refused.</summary>
    public long Fence => _attempt.Job.Key.Fence;

    /// <summary>When the job must have ended, by the store's clock.</summary>
    public DateTimeOffset Deadline => _attempt.Job.Deadline;

    /// <summary>The time for which a schedule made this job, by the store's clock: it may run later, never earlier. Null for jobs that no schedule made.</summary>
    public DateTimeOffset? ScheduledFor => _attempt.Job.ScheduledFor;

    /// <summary>The service scope of this attempt.</summary>
    public IServiceProvider Services { get; }

    /// <summary>The context of the attempt whose code runs here; null outside attempts of this process.</summary>
    internal static JobContext? Current
    {
        get => Running.Value;
        set => Running.Value = value;
    }

    /// <summary>What this attempt has enqueued so far.</summary>
    internal IReadOnlyList<NewJob> Enqueued
    {
        get
        {
            lock (_enqueued)
            {
                return [.. _enqueued];
            }
        }
    }

    /// <summary>Enqueues a job that appears if and only if this attempt completes, in the same transaction.</summary>
    /// <exception cref="InvalidOperationException">The payload's type is not registered.</exception>
    public void Enqueue<T>(T job, JobOptions? options = null)
        where T : notnull
    {
        var made = _registry.NewJob(job, options) with { Parent = Id };
        lock (_enqueued)
        {
            _enqueued.Add(made);
        }
    }

    /// <summary>Reports how far this attempt has come; kept with the next commit and shown live. Never blocks.</summary>
    /// <param name="processed">Done so far.</param>
    /// <param name="total">Of how many.</param>
    public void ReportProgress(long processed, long total) => _attempt.Progress = new(processed, total);

    /// <summary>
    /// Waits for permits of a limit, at most 1 s, and never gives them before their moment; the wait does not count to the attempt's
    /// timeout. Where each group has a limit of its own, it is the job's group's. Dispose what is returned to give back a number at once;
    /// otherwise it ends with the attempt. A rate's permits are used up.
    /// </summary>
    /// <param name="limit">The limit's name.</param>
    /// <param name="cost">How many permits; 1 or more.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="JobDeferredException">None is to be had within 1 s: let it through, and the job comes back when there should be one, at no cost.</exception>
    /// <exception cref="ArgumentException">There is no such limit; the message names those that are known.</exception>
    public ValueTask<RateLimitLease> AcquireAsync(string limit, long cost = 1, CancellationToken cancellationToken = default) =>
        AcquireAsync([new LimitUse(limit, cost)], cancellationToken);

    /// <summary>
    /// Waits for permits of several limits: of the scarcest first, of the others when its moment has come, each at most 1 s. If one is not
    /// to be had, the others are given back.
    /// </summary>
    /// <param name="limits">The limits; names convert by themselves.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <inheritdoc cref="AcquireAsync(string, long, CancellationToken)" />
    public ValueTask<RateLimitLease> AcquireAsync(IReadOnlyList<LimitUse> limits, CancellationToken cancellationToken = default)
    {
        var permits = new HandlerPermits(Limits, _attempt);
        return permits.AcquireAsync(limits.Select(use => (permits.Limiter(use.Name), CostOf(use))), cancellationToken);
    }

    /// <summary>Charges a limit with what a call cost beyond what was acquired for it, or (negative) less: the bucket of a limit with debt may go below zero.</summary>
    public ValueTask ChargeAsync(string limit, long extraCost, CancellationToken cancellationToken = default) =>
        Limits.ReportAsync(new LimitReport { Limit = limit, Group = Job.Group, ExtraCost = extraCost }, cancellationToken);

    /// <summary>
    /// Claims a key that is taken once: "seen before" without a race, in the whole cluster. Of all that ask for the same key of the same scope
    /// at most one hears that it is new. What is new is kept when the attempt completes or says so (<see cref="OnceKey.KeepAsync(CancellationToken)" />), and
    /// free again when the attempt ends in any other way, or when it is disposed before it is kept.
    /// </summary>
    /// <example><code>
    /// await using var once = await context.Once(listing.Id);
    /// if (once.IsNew)
    /// {
    ///     await board.AddAsync(listing);
    ///     await once.KeepAsync();
    /// }
    /// </code></example>
    /// <param name="key">1 to 1000 characters.</param>
    /// <param name="scope">What it belongs to, 1 to 200 characters; by default the job's kind. Equal keys of other scopes are other keys.</param>
    /// <param name="keep">How long it is remembered from when it is kept, more than zero; by default 30 days. Then it is new again.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <exception cref="ArgumentException">The key, the scope or the time breaks a rule; the message says which.</exception>
    /// <exception cref="StoreUnavailableException">The store could not be reached.</exception>
#pragma warning disable VSTHRD200 // awaited at once and always, it reads as what it says: once
    public async ValueTask<OnceKey> Once(string key, string? scope = null, TimeSpan? keep = null, CancellationToken cancellationToken = default) =>
        new(key, await Once([key], scope, keep, cancellationToken));

    /// <summary>Claims many keys in one step, each by itself, as <see cref="Once(string, string?, TimeSpan?, CancellationToken)" /> does one.</summary>
    /// <param name="keys">Each 1 to 1000 characters; the same key twice is asked for once.</param>
    /// <param name="scope">What they belong to, 1 to 200 characters; by default the job's kind.</param>
    /// <param name="keep">How long they are remembered from when they are kept, more than zero; by default 30 days.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <inheritdoc cref="Once(string, string?, TimeSpan?, CancellationToken)" />
    public async ValueTask<OnceKeys> Once(IEnumerable<string> keys, string? scope = null, TimeSpan? keep = null, CancellationToken cancellationToken = default)
    {
        var claim = new KeyClaim { Scope = scope ?? Job.Kind.Name, Keys = [.. keys.Distinct(StringComparer.Ordinal)], Attempt = Job.Key, Keep = keep ?? KeyClaim.DefaultKeep };
        var client = Services.GetRequiredService<JobClient>();
        return new OnceKeys(client.Store, Job.Key, claim.Scope, claim.Keys, await client.ClaimKeysAsync(claim, cancellationToken));
    }
#pragma warning restore VSTHRD200

    /// <summary>Waits for permits of one limiter, as above.</summary>
    internal ValueTask<RateLimitLease> AcquireAsync(SharedRateLimiter limiter, long cost, CancellationToken cancellationToken) =>
        new HandlerPermits(Limits, _attempt).AcquireAsync([(limiter, cost)], cancellationToken);

    private LimitClient Limits => Services.GetRequiredService<LimitClient>();

    private long CostOf(LimitUse use)
    {
        var cost = use.CostPointer is { } pointer ? JsonPointer.Cost(Job.Payload, pointer) ?? use.Cost : use.Cost;
        ArgumentOutOfRangeException.ThrowIfLessThan(cost, 1, nameof(use));
        return cost;
    }
}
