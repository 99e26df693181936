using Fairlead.Engine;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>
/// Keeps one line supplied: asks the store for what is wanted, hands it out when its moment has come, gives back what is not used, and
/// goes by this node's own share while the store is away. It runs only while there is something to do, where the caller runs who began it:
/// no thread and no timer of its own.
/// </summary>
internal sealed class PermitPump(LimitClient client, string limit, PermitLine line)
{
    /// <summary>An answer that takes longer is not waited for.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WhileAway = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);
    private const int MostHanging = 4;

    private readonly NodeStanding _standing = client.Standing;
    private readonly Wakeup _bell = new(client.Standing.Time);
    private int _running;
    private int _signalled;
    private int _hanging;
    private volatile bool _awaitsRelease;
    private volatile bool _returning;
    private Question? _question;
    private DateTimeOffset _askAgainAt;
    private DateTimeOffset _returnAgainAt;
    private DateTimeOffset? _awaySince;
    private DateTimeOffset _ownFree;

    private DateTimeOffset Now => _standing.Clock.Now;

    /// <summary>There is something to do. Called from anywhere.</summary>
    public void Kick()
    {
        if (Interlocked.Exchange(ref _running, 1) == 1)
        {
            _bell.Ring();
            return;
        }
        // What it does is not part of whatever the caller is doing: no log scope, no trace of his flows into it.
        if (ExecutionContext.IsFlowSuppressed())
        {
            _ = RunAsync();
            return;
        }
        using (ExecutionContext.SuppressFlow())
        {
            _ = RunAsync();
        }
    }

    /// <summary>The store says that something happened. Called from anywhere.</summary>
    public void Signalled(StoreSignals signals)
    {
        if (signals.HasFlag(StoreSignals.Control) || (_awaitsRelease && signals.HasFlag(StoreSignals.Work)))
        {
            Volatile.Write(ref _signalled, 1);
            _bell.Ring();
        }
    }

    /// <summary>Asks for one permit that may be used now.</summary>
    /// <returns>The store's answer, if it came at once; otherwise what it gives is kept for the next who asks.</returns>
    public PermitAnswer? AskAtOnce(long cost, string? group)
    {
        var request = new PermitRequest { Limit = limit, Group = group, Cost = cost, Within = TimeSpan.Zero, Node = _standing.Node };
        var asked = AnswerAsync(request);
        if (asked.IsCompletedSuccessfully)
        {
            return asked.Result;
        }
        line.KeepSpare();
        _ = AdoptAsync(request, asked.AsTask());
        return null;
    }

    private bool IsIdle => line.IsEmpty && _question is null && !_returning;

    private async Task RunAsync()
    {
        do
        {
            while (!IsIdle)
            {
                try
                {
                    await StepAsync();
                }
#pragma warning disable CA1031 // whatever goes wrong, those who wait are told
                catch (Exception error)
#pragma warning restore CA1031
                {
                    line.Fail(error);
                    await _bell.WaitAsync(Poll, CancellationToken.None);
                }
            }
            Volatile.Write(ref _running, 0);
        }
        while (!IsIdle && Interlocked.Exchange(ref _running, 1) == 0);
    }

    private async ValueTask StepAsync()
    {
        if (Interlocked.Exchange(ref _signalled, 0) == 1)
        {
            _askAgainAt = default;
        }
        Hear();
        if (line.HeldUntil is var held && held > Now && held - PermitDesk.Horizon > _askAgainAt)
        {
            // The store may not have heard yet that the upstream wants to be left alone.
            _askAgainAt = held - PermitDesk.Horizon;
        }
        UseOwnShare();
        line.HandOut(Now, client.SpacingOf(limit));
        Ask();
        GiveBack();
        if (_question is not { IsAnswered: true } && !IsIdle)
        {
            await _bell.WaitAsync(UntilNext(), CancellationToken.None);
        }
    }

    private void Ask()
    {
        if (_question is not null || Now < _askAgainAt || _hanging >= MostHanging || line.Wanted(Now) is not { } wanted)
        {
            return;
        }
        var since = Now - _awaySince >= SafeShare.Ahead ? _awaySince : null;
        _awaitsRelease = false;
        _question = new(wanted with { Node = _standing.Node, StoreAwaySince = since }, Now);
        _ = AskAsync(_question);
    }

    private async Task AskAsync(Question question)
    {
        try
        {
            question.Answer = await AnswerAsync(question.Request);
        }
#pragma warning disable CA1031 // heard by the pump
        catch (Exception error)
#pragma warning restore CA1031
        {
            question.Error = error;
        }
        if (!question.TryAnswer())
        {
            // Nobody waits for this answer any more; and whoever came back late must not use what was given before the limit was paused.
            Interlocked.Decrement(ref _hanging);
            line.GiveBack(question.Answer?.Permits ?? []);
        }
        Kick();
    }

    private async ValueTask<PermitAnswer> AnswerAsync(PermitRequest request)
    {
        var ready = client.ReadyAsync();
        if (!ready.IsCompletedSuccessfully)
        {
            await ready;
        }
        var asked = _standing.Clock.Ask();
        client.Asked();
        var answer = await client.Store.AcquireAsync(request, CancellationToken.None);
        _standing.Clock.Set(answer.Now, asked);
        return answer;
    }

    private async Task AdoptAsync(PermitRequest request, Task<PermitAnswer> asked)
    {
        try
        {
            line.Take(request, await asked);
            Kick();
        }
        catch (StoreUnavailableException)
        {
            // Nothing was promised: whoever tries again finds out.
        }
        catch (ArgumentException)
        {
            // The same: he who waits is told what is wrong.
        }
    }

    private void Hear()
    {
        if (_question is not { } question)
        {
            return;
        }
        if (!question.IsAnswered)
        {
            if (Now - question.At >= AnswerWithin && question.TryGiveUp())
            {
                _question = null;
                Interlocked.Increment(ref _hanging);
                _awaySince ??= question.At;
                _askAgainAt = Now;
            }
            return;
        }
        _question = null;
        if (question.Answer is { } answer)
        {
            Take(question.Request, answer);
        }
        else if (question.Error is StoreUnavailableException)
        {
            _awaySince ??= question.At;
            _askAgainAt = Now + WhileAway;
        }
        else if (question.Error is ArgumentException && _standing.RunsWorkers && (_standing.Node is null || _standing.Node != question.Request.Node))
        {
            // The node has not joined yet, or has just lost its id: it will have one soon.
            _askAgainAt = Now + Poll;
        }
        else
        {
            line.Fail(question.Error!);
        }
    }

    private void Take(PermitRequest request, PermitAnswer answer)
    {
        if (_awaySince is not null && request.StoreAwaySince is null)
        {
            line.DropOwn();
        }
        _awaySince = null;
        line.Take(request, answer);
        _askAgainAt = answer.Permits.Count < request.Count ? AskAgainAt(answer) : default;
    }

    /// <summary>When the next permit comes within reach, or a breaker lets a probe through; while only a release helps, at its signal or the poll.</summary>
    private DateTimeOffset AskAgainAt(PermitAnswer answer)
    {
        _awaitsRelease = answer.RetryAt is null;
        var at = answer.RetryAt - (answer.Cause == Diagnostics.WaitCause.Breaker ? TimeSpan.Zero : answer.Within) ?? answer.Now + Poll;
        var (least, most) = (answer.Now + Least, answer.Now + LongestSilence);
        return at < least ? least : at > most ? most : at;
    }

    private void UseOwnShare()
    {
        if (_awaySince is not { } since || _standing.SharesFrom is not { } from || client.ShareOf(limit) is not { } share)
        {
            return;
        }
        var now = Now;
        line.TakeOwn(
            () => share.Next(_ownFree, since + PermitDesk.Horizon, from, now) is var at && at <= now + SafeShare.Ahead ? at : null,
            (at, cost) => _ownFree = at + (share.Spacing * cost));
    }

    private void GiveBack()
    {
        if (!_returning && Now >= _returnAgainAt && line.TakeUnused() is { Count: > 0 } unused)
        {
            _returning = true;
            _ = GiveBackAsync(unused);
        }
    }

    private async Task GiveBackAsync(List<Permit> unused)
    {
        try
        {
            client.Asked();
            await client.Store.ReleaseAsync(unused, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            _returnAgainAt = Now + AnswerWithin;
            line.GiveBack(unused);
        }
        finally
        {
            _returning = false;
            Kick();
        }
    }

    private TimeSpan UntilNext()
    {
        var now = Now;
        var next = line.NextMoment;
        var ask = _question is { } question ? question.At + AnswerWithin : !line.IsLacking ? DateTimeOffset.MaxValue : _hanging >= MostHanging ? now + AnswerWithin : _askAgainAt;
        next = ask < next ? ask : next;
        next = next - now > AnswerWithin ? now + AnswerWithin : next;
        return next > now ? next - now : Least;
    }

    /// <summary>One call of the store: answered, or given up, whichever comes first.</summary>
    private sealed class Question(PermitRequest request, DateTimeOffset at)
    {
        private int _state;

        public PermitRequest Request => request;

        public DateTimeOffset At => at;

        public PermitAnswer? Answer { get; set; }

        public Exception? Error { get; set; }

        public bool IsAnswered => Volatile.Read(ref _state) == 1;

        public bool TryAnswer() => Interlocked.CompareExchange(ref _state, 1, 0) == 0;

        public bool TryGiveUp() => Interlocked.CompareExchange(ref _state, 2, 0) == 0;
    }
}
