using System.Collections.Concurrent;
using System.Threading.Channels;
using Fairlead.Engine;

namespace Fairlead.Processes.OwnProcess;

/// <summary>The jobs a process was handed: worked at one after the other, in their order.</summary>
internal sealed class ChildJobs(IWorker worker)
{
    private readonly Channel<ChildAttempt> _line = Channel.CreateUnbounded<ChildAttempt>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<JobId, ChildAttempt> _here = new();
    private volatile string? _stopReason;

    /// <summary>One more stands in line.</summary>
    public void Add(ChildAttempt attempt)
    {
        _here[attempt.Id] = attempt;
        _line.Writer.TryWrite(attempt);
    }

    /// <summary>The host gives one up; nothing, when it has been answered already.</summary>
    public void Cancel(JobId job)
    {
        if (_here.TryGetValue(job, out var attempt))
        {
            attempt.Stop("It was asked to stop, and did.");
        }
    }

    /// <summary>No more will come.</summary>
    public void Complete() => _line.Writer.TryComplete();

    /// <summary>Asks what runs to stop, and does not begin what stands in line.</summary>
    public void StopAll(string reason)
    {
        _stopReason ??= reason;
        Complete();
        foreach (var attempt in _here.Values)
        {
            attempt.Stop(reason);
        }
    }

    /// <summary>Works at them until no more come.</summary>
    public async Task RunAsync()
    {
        await foreach (var attempt in _line.Reader.ReadAllAsync())
        {
            var result = await WorkAsync(attempt);
            _here.TryRemove(KeyValuePair.Create(attempt.Id, attempt));
            attempt.Answer(result);
        }
    }

    private async ValueTask<WorkResult> WorkAsync(ChildAttempt attempt)
    {
        if (_stopReason is { } reason)
        {
            return new WorkResult.Deferred(TimeSpan.Zero, reason);
        }
        return attempt.StopReason is null ? await worker.RunAsync(attempt.Attempt, attempt.Stopping) : new WorkResult.Stopped();
    }
}
