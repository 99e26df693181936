using System.Globalization;
using System.Text;
using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Schedules;

/// <summary>
/// Runs what cycles are made of: a round reads its targets and becomes their parent; a target becomes the parent of its jobs. Each is a short attempt; after it the
/// store carries them until their children have ended.
/// </summary>
internal sealed partial class CycleWorker(IReadOnlyList<ScheduledWork> cycles, IJobStore store, Random random, ILogger logger) : IWorker
{
    /// <summary>More than this are not read at once; the attempts are short.</summary>
    private const int AtOnce = 64;
    private const int LongestKey = 200;
    private readonly Dictionary<string, ScheduledWork> _cycles = cycles.ToDictionary(static cycle => cycle.Definition.Name, StringComparer.Ordinal);
    private readonly Lock _chance = new();

    /// <inheritdoc />
    public bool EndsWork => false;

    /// <inheritdoc />
    public int? Capacity => AtOnce;

    /// <inheritdoc />
    public async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        if (!_cycles.TryGetValue(attempt.Job.Kind.Name, out var cycle))
        {
            return new WorkResult.NotBegun($"Schedule '{attempt.Job.Kind.Name}' is no longer served here.");
        }
        try
        {
            var children = attempt.Queue.Name != ScheduleRules.CycleQueue ? JobsOf(cycle, attempt)
                : cycle.Fan!.Targets is { } source ? await TargetsAsync(cycle, source, attempt, cancellationToken)
                : Children(cycle, new CycleTarget("", attempt.Job.Payload), failOnError: false);
            return new WorkResult.Completed(default) { Children = children };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new WorkResult.Stopped();
        }
        catch (TargetsUnreadableException error)
        {
            return new WorkResult.Failed(error.Message);
        }
        catch (ArgumentException error)
        {
            return new WorkResult.Failed(error.Message, Retryable: false);
        }
#pragma warning disable CA1031 // whatever the code that lists targets and names their jobs throws is the attempt's end, not the engine's
        catch (Exception error) when (error is not StoreUnavailableException)
#pragma warning restore CA1031
        {
            return new WorkResult.Failed(error.ToString());
        }
        catch (StoreUnavailableException away)
        {
            return new WorkResult.NotBegun(away.Message);
        }
    }

    private async Task<NewBatch> TargetsAsync(ScheduledWork schedule, ITargetSource source, Attempt attempt, CancellationToken cancellationToken)
    {
        var cycle = schedule.Definition.Cycle!;
        var targets = new Dictionary<string, CycleTarget>(StringComparer.Ordinal);
        foreach (var (index, json) in (await source.ReadAsync(attempt, cancellationToken)).Index())
        {
            // One without a key of its own becomes a job that fails, so that it stands in nobody's way and is seen.
            var key = IsKey(KeyOf(cycle, json), out var named) ? named : string.Create(CultureInfo.InvariantCulture, $"target {index + 1}");
            if (!targets.TryAdd(key, new CycleTarget(key, json)))
            {
                attempt.Log.Write(LogLevel.Warning, $"Target {key} is listed more than once; the first one counts.");
            }
        }
        if (cycle.Overlap == ScheduleOverlap.Replace)
        {
            await CancelEarlierAsync(schedule, targets, cancellationToken);
        }
        attempt.Log.Write(LogLevel.Information, string.Create(CultureInfo.InvariantCulture, $"[{schedule.Definition.Name}] cycle over {targets.Count} targets of {cycle.Source}"));
        return new NewBatch
        {
            Queue = ScheduleRules.TargetQueue(schedule.Definition.Name),
            Items = [.. InOrder(cycle, [.. targets.Values]).Select(target => TargetJob(schedule.Definition, target))],
            LeaveOutHeld = true,
        };
    }

    private static NewJob TargetJob(ScheduleDefinition schedule, CycleTarget target) => new()
    {
        Queue = ScheduleRules.TargetQueue(schedule.Name),
        Kind = new JobKind(schedule.Name),
        Payload = target.Json,
        UniqueKey = schedule.Cycle!.Overlap == ScheduleOverlap.Skip ? target.Key : null,
        Group = schedule.Cycle.Order == CycleOrder.Fair || schedule.Cycle.Overlap is ScheduleOverlap.Queue or ScheduleOverlap.Replace ? target.Key : null,
    };

    private NewBatch JobsOf(ScheduledWork schedule, Attempt attempt)
    {
        var cycle = schedule.Definition.Cycle!;
        if (!IsKey(KeyOf(cycle, attempt.Job.Payload), out var key))
        {
            throw new ArgumentException(
                $"A target of {cycle.Source} expects a text or number of 1 to 200 characters {(cycle.Key is { } pointer ? $"at {pointer}" : "(or a group, such as /account, that says where it is)")}; got {Start(attempt.Job.Payload)}.");
        }
        attempt.Log.Write(LogLevel.Information, $"Running worker cycle for {Noun(cycle)} {key}");
        LogCycle(logger, Noun(cycle), key);
        return Children(schedule, new CycleTarget(key, attempt.Job.Payload), failOnError: true);
    }

    private static NewBatch Children(ScheduledWork schedule, CycleTarget target, bool failOnError) => new()
    {
        Queue = failOnError ? ScheduleRules.TargetQueue(schedule.Definition.Name) : ScheduleRules.CycleQueue,
        Items = schedule.Fan!.Jobs(target),
        MaxParallel = schedule.Definition.Cycle!.Sequential ? 1 : null,
        FailOnError = failOnError,
    };

    private static bool IsKey(string? text, out string key)
    {
        key = text ?? "";
        return key.Length is > 0 and <= LongestKey && !key.AsSpan().ContainsAnyInRange('\0', '\x1f');
    }

    private static string Start(ReadOnlyMemory<byte> json)
    {
        var text = Encoding.UTF8.GetString(json.Span);
        return text.Length > LongestKey ? $"{text[..LongestKey]}…" : text;
    }

    private static string? KeyOf(CycleDefinition cycle, ReadOnlyMemory<byte> target) => JsonPointer.Text(target, cycle.Key ?? "");

    /// <summary>What a target is called: the last word of the pointer to its key.</summary>
    private static string Noun(CycleDefinition cycle) => cycle.Key is { } pointer ? pointer[(pointer.LastIndexOf('/') + 1)..] : "target";

    private IReadOnlyList<CycleTarget> InOrder(CycleDefinition cycle, CycleTarget[] targets)
    {
        if (cycle.Order == CycleOrder.Shuffle)
        {
            lock (_chance)
            {
                random.Shuffle(targets);
            }
        }
        return targets;
    }

    /// <summary>The jobs of an earlier cycle for the same targets: their places are free when they have ended, and the new ones wait for that.</summary>
    private async Task CancelEarlierAsync(ScheduledWork schedule, Dictionary<string, CycleTarget> targets, CancellationToken cancellationToken)
    {
        var queue = ScheduleRules.TargetQueue(schedule.Definition.Name);
        foreach (var round in (await store.ListSchedulesAsync(cancellationToken)).Where(record => record.Definition.Name == schedule.Definition.Name).SelectMany(static record => record.State.Open))
        {
            if ((await store.GetJobAsync(round.Job!.Value, cancellationToken))?.Children is not { } batch)
            {
                continue;
            }
            for (var page = await store.ListJobsAsync(new JobQuery { Batch = batch, Limit = 1000 }, cancellationToken); ;)
            {
                foreach (var earlier in page.Jobs.Where(job => !job.Status.IsEnded() && job.Queue == queue && job.Group is { } key && targets.ContainsKey(key)))
                {
                    await store.CancelAsync(earlier.Id, cancellationToken);
                }
                if (page.Next is not { } next)
                {
                    break;
                }
                page = await store.ListJobsAsync(new JobQuery { Batch = batch, Cursor = next, Limit = 1000 }, cancellationToken);
            }
        }
    }

    [LoggerMessage(88, LogLevel.Information, "Running worker cycle for {Noun} {Key}")]
    private static partial void LogCycle(ILogger logger, string noun, string key);
}
