using System.Collections.Concurrent;
using System.Reflection;
using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>
/// A store for a world of one thread: each call is waited for where it is made, and listeners are told after it, there as well. Hints may be doubled and needless, but these
/// do not come from elsewhere, at a time of their own.
/// </summary>
internal class SynchronousStore : DispatchProxy
{
    private static readonly MethodInfo s_waitFor = typeof(SynchronousStore).GetMethod(nameof(WaitFor), BindingFlags.NonPublic | BindingFlags.Static)!;

    // After these there may be something to do for others. Claims and heartbeats are not among them: a hint after each of them would be answered by the next one, for ever.
    private static readonly HashSet<string> s_telling =
    [
        nameof(IJobStore.EnqueueAsync), nameof(IJobStore.EnqueueBatchAsync), nameof(IJobStore.ApplyAsync), nameof(IJobStore.CancelAsync), nameof(IJobStore.RetryAsync),
        nameof(IJobStore.PauseAsync), nameof(IJobStore.ResumeAsync), nameof(IJobStore.ChangeQueueAsync), nameof(IJobStore.ReleaseAbandonedAsync), nameof(IJobStore.ReleaseAsync),
        nameof(IJobStore.ReconcileAsync), nameof(IJobStore.LeaveAsync), nameof(IJobStore.PauseGroupAsync), nameof(IJobStore.CloseBreakerAsync), nameof(IJobStore.ChangeLimitAsync),
    ];

    private readonly ConcurrentDictionary<Action<StoreSignals>, byte> _listeners = [];
    private PostgreSqlJobStore _store = null!;

    public static IJobStore Over(PostgreSqlJobStore store)
    {
        var proxy = Create<IJobStore, SynchronousStore>();
        ((SynchronousStore)(object)proxy)._store = store;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name == nameof(IJobStore.Listen))
        {
            var listener = (Action<StoreSignals>)args![0]!;
            _listeners.TryAdd(listener, 0);
            return new Listening(() => _listeners.TryRemove(listener, out _));
        }
        // On another thread: what the store awaits would come back to the scheduler of the simulation, which stands here.
        var answer = Task.Factory.StartNew(() => Wait(targetMethod.Invoke(_store, BindingFlags.DoNotWrapExceptions, null, args, null)),
            CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).GetAwaiter().GetResult();
        if (s_telling.Contains(targetMethod.Name) || answer is ValueTask<RescueResult> { Result.Requeued: > 0 })
        {
            Tell();
        }
        return answer;
    }

    private static object? Wait(object? answer)
    {
        if (answer is ValueTask plain)
        {
            plain.AsTask().GetAwaiter().GetResult();
            return default(ValueTask);
        }
        return answer?.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ValueTask<>)
            ? s_waitFor.MakeGenericMethod(type.GetGenericArguments()).Invoke(null, BindingFlags.DoNotWrapExceptions, null, [answer], null)
            : answer;
    }

    private static ValueTask<T> WaitFor<T>(ValueTask<T> answer) => new(answer.AsTask().GetAwaiter().GetResult());

    private void Tell()
    {
        foreach (var listener in _listeners.Keys)
        {
            listener(StoreSignals.Work | StoreSignals.Control | StoreSignals.Ended);
        }
    }

    private sealed class Listening(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
