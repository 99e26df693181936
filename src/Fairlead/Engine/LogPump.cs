using System.Collections.Concurrent;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>Carries lines of jobs' logs, and progress, to the store, many at once. Bounded: what comes faster than the store takes it is cut, and says so.</summary>
internal sealed class LogPump(NodeSettings settings, IJobStore store, StoreClock clock, AttemptsInHand inHand, ILogger logger) : Loop(settings.Time, logger)
{
    private const int MostWaiting = 20_000;
    private const int MostAtOnce = 2_000;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private readonly ConcurrentQueue<JobLogLine> _lines = new();
    private readonly List<JobLogLine> _undelivered = [];
    private readonly SemaphoreSlim _flushing = new(1, 1);
    private readonly Wakeup _bell = new(settings.Time);
    private int _waiting;

    /// <summary>Makes the log of one attempt.</summary>
    public IAttemptLog For(AttemptKey attempt) => new AttemptLog(this, attempt);

    /// <summary>An attempt has reported progress. Called from anywhere.</summary>
    public void ProgressMade() => _bell.Ring();

    /// <summary>Delivers every line written so far.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_lines.IsEmpty && _undelivered.Count == 0)
        {
            return;
        }
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            while (TakeLines())
            {
                await store.AppendLogAsync([.. _undelivered], cancellationToken);
                _undelivered.Clear();
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    private bool TakeLines()
    {
        while (_undelivered.Count < MostAtOnce && _lines.TryDequeue(out var line))
        {
            Interlocked.Decrement(ref _waiting);
            _undelivered.Add(line);
        }
        return _undelivered.Count > 0;
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        if (_lines.IsEmpty)
        {
            await _bell.WaitAsync(Longest, stop);
        }
        await DelayAsync(Gather, stop);
        await FlushAsync(CancellationToken.None);
        await ReportProgressAsync();
    }

    private async ValueTask ReportProgressAsync()
    {
        foreach (var node in inHand.Snapshot().GroupBy(running => running.Node))
        {
            var reports = new List<ProgressReport>();
            foreach (var running in node)
            {
                if (running.Attempt.TryTakeProgress(out var progress))
                {
                    reports.Add(new ProgressReport(running.Key, progress.Processed, progress.Total));
                }
            }
            if (reports.Count > 0)
            {
                await store.ReportProgressAsync(node.Key, reports);
            }
        }
    }

    private void Write(AttemptKey attempt, LogLevel level, string message)
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return;
        }
        _lines.Enqueue(new JobLogLine(attempt, clock.Now, level, message));
        _bell.Ring();
    }

    /// <summary>One attempt's log: at most 1 MiB and 10,000 lines are kept, then one line says that it was cut.</summary>
    private sealed class AttemptLog(LogPump pump, AttemptKey attempt) : IAttemptLog
    {
        private const int MostCharacters = 1 << 20;
        private const int MostLines = 10_000;
        private int _characters;
        private int _lines;
        private int _isCut;

        public void Write(LogLevel level, string message)
        {
            var lines = Interlocked.Increment(ref _lines);
            var characters = Interlocked.Add(ref _characters, message.Length);
            if (lines <= MostLines && characters <= MostCharacters)
            {
                pump.Write(attempt, level, message);
            }
            else if (Interlocked.Exchange(ref _isCut, 1) == 0)
            {
                pump.Write(attempt, LogLevel.Warning, "The log of this attempt was cut here: it keeps 10,000 lines and 1 MiB.");
            }
        }
    }
}
