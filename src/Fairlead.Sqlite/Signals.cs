using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>
/// Hints to the listeners of this store and of others on the same file: directly inside the store, by socket to others, and behind
/// both a look at <c>PRAGMA data_version</c>, which also sees what the application's own transactions committed.
/// </summary>
internal sealed class Signals(DatabaseFile file, TimeProvider time, Func<long> ownCommits) : IDisposable
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan QuickFor = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private readonly WakeUpSocket socket = new(file.NodesFolder);
    private Action<StoreSignals>[] listeners = [];
    private DataVersion? version;
    private ITimer? poll;
    private long quickSince;
    private bool quick;
    private long ownSeen;

    public IDisposable Add(Action<StoreSignals> listener)
    {
        lock (gate)
        {
            if (poll is null)
            {
                Begin();
            }
            listeners = [.. listeners, listener];
        }
        return new Listener(this, listener);
    }

    /// <summary>After a commit of this store.</summary>
    public void Committed(StoreSignals signals)
    {
        Tell(signals);
        socket.Send(signals);
    }

    /// <summary>Somebody else's transaction holds jobs of ours and may commit any moment: look often for a while.</summary>
    public void Expect()
    {
        lock (gate)
        {
            quickSince = time.GetTimestamp();
            if (!quick && poll is not null)
            {
                quick = true;
                poll.Change(Quick, Quick);
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            listeners = [];
            poll?.Dispose();
            version?.Dispose();
            version = null;
            socket.Dispose();
        }
    }

    private void Begin()
    {
        try
        {
            version = new DataVersion(file);
            socket.Listen($"{Environment.ProcessId}-{Path.GetRandomFileName()}", Tell);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            // No socket here: the poll does alone.
        }
        poll = time.CreateTimer(static self => ((Signals)self!).Look(), this, Slow, Slow);
    }

    private void Look()
    {
        lock (gate)
        {
            if (version is null || !SomebodyElseCommitted(version))
            {
                Calm();
                return;
            }
        }
        Tell(StoreSignals.Work | StoreSignals.Control | StoreSignals.Ended);
    }

    /// <summary>
    /// This store's own commits change the version too, and have been told already: taken for somebody else's, each heartbeat would set off
    /// the next look, and that a heartbeat, for ever. What is overlooked in that moment is left to the engine's own poll.
    /// </summary>
    private bool SomebodyElseCommitted(DataVersion version)
    {
        var own = ownCommits();
        var changed = version.Changed() && (quick || own == ownSeen);
        ownSeen = own;
        return changed;
    }

    private void Calm()
    {
        if (quick && time.GetElapsedTime(quickSince) > QuickFor)
        {
            quick = false;
            poll?.Change(Slow, Slow);
        }
    }

    private void Tell(StoreSignals signals)
    {
        foreach (var listener in Volatile.Read(ref listeners))
        {
            try
            {
                listener(signals);
            }
            catch (Exception)
            {
                // This may be the writing thread: a listener's defect must not end the store for everybody else.
            }
        }
    }

    private sealed class Listener(Signals owner, Action<StoreSignals> listener) : IDisposable
    {
        public void Dispose()
        {
            lock (owner.gate)
            {
                var at = Array.IndexOf(owner.listeners, listener);
                if (at >= 0)
                {
                    owner.listeners = [.. owner.listeners[..at], .. owner.listeners[(at + 1)..]];
                }
            }
        }
    }
}
