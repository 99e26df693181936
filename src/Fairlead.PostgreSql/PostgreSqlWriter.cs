using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>
/// The one writer of a store: a thread of its own that takes whatever was asked for meanwhile, does it in one transaction and
/// answers everybody after the commit. While one group is being committed, the next one gathers: that is the whole of group commit.
/// </summary>
internal sealed class PostgreSqlWriter : IDisposable
{
    // So many rows keep a transaction within a few milliseconds, and the other nodes get their turn.
    private const int RowsPerGroup = 4000;

    private readonly WriterConnection connection;
    private readonly NameTable names;
    private readonly DefinitionCache definitions;
    private readonly Action<StoreSignals> committed;
    private readonly Queue<WriteOperation> waiting = [];
    private readonly List<WriteOperation> group = [];
    private readonly ArrivalHorizon horizon;
    private readonly StripeWait stripesWait;
    private readonly Thread thread;
    private WriteOperation? current;
    private bool closing;

    public PostgreSqlWriter(WriterConnection connection, NameTable names, DefinitionCache definitions, ArrivalHorizon horizon, StripeWait stripesWait, Action<StoreSignals> committed)
    {
        (this.connection, this.names, this.definitions, this.horizon, this.stripesWait, this.committed) = (connection, names, definitions, horizon, stripesWait, committed);
        thread = new Thread(Run) { IsBackground = true, Name = "Fairlead PostgreSQL writer" };
        thread.Start();
    }

    /// <summary>When nothing could be written: silence of others does not count then.</summary>
    public StoreHealth Health { get; } = new(stall: TimeSpan.FromSeconds(1));

    /// <summary>Transactions, round trips and statements so far, for the figures.</summary>
    public (long Commits, long RoundTrips, long Statements) Work { get; private set; }

    /// <summary>
    /// Does <paramref name="work" /> in a transaction; completed when it is committed. <paramref name="ahead" /> may ask its first questions with the transaction's
    /// beginning. <paramref name="jobs" />: what it adds, if it does nothing else.
    /// </summary>
    public ValueTask<T> WriteAsync<T>(Func<Session, T> work, int rows, CancellationToken cancellationToken, Action<Statements, bool>? ahead = null, IReadOnlyList<NewJob>? jobs = null)
    {
        var operation = new WriteOperation<T>(work, ahead, rows, cancellationToken) { Jobs = jobs ?? [] };
        ObjectDisposedException.ThrowIf(!TryAdd(operation), typeof(PostgreSqlJobStore));
        return new(operation.Task);
    }

    /// <summary>Asks one statement on the connection that writes, without waiting for the turn of this store; see <see cref="WriteOperation.Alone" />.</summary>
    public ValueTask<T> AskAsync<T>(Func<Statements, DateTimeOffset?> ask, Func<Session, T> read, CancellationToken cancellationToken)
    {
        var operation = new WriteOperation<T>(read, null, 1, cancellationToken) { Alone = ask };
        ObjectDisposedException.ThrowIf(!TryAdd(operation), typeof(PostgreSqlJobStore));
        return new(operation.Task);
    }

    public void Dispose()
    {
        lock (waiting)
        {
            if (closing)
            {
                return;
            }
            closing = true;
            Monitor.Pulse(waiting);
        }
        thread.Join();
        stripesWait.Dispose();
        connection.Dispose();
    }

    private bool TryAdd(WriteOperation operation)
    {
        lock (waiting)
        {
            if (closing)
            {
                return false;
            }
            waiting.Enqueue(operation);
            Monitor.Pulse(waiting);
            return true;
        }
    }

    private void Run()
    {
        while (TakeGroup())
        {
            if (group.Count == 0 && connection.TellsIn == TimeSpan.Zero)
            {
                connection.Tell();
            }
            var began = connection.Now;
            var signals = WriteAll(group);
            NoteHealth(began);
            foreach (var operation in group)
            {
                operation.Answer();
            }
            if (signals != StoreSignals.None)
            {
                committed(signals);
            }
        }
    }

    private void NoteHealth(long? began)
    {
        if (group.Exists(static operation => operation.Error is StoreUnavailableException))
        {
            Health.Failed(began ?? long.MinValue);
        }
        else if (group.Count > 0 && connection.Now is { } ended)
        {
            Health.Succeeded(began, ended);
        }
    }

    private bool TakeGroup()
    {
        group.Clear();
        lock (waiting)
        {
            while (waiting.Count == 0)
            {
                if (closing)
                {
                    return false;
                }
                if (!Monitor.Wait(waiting, connection.TellsIn ?? Timeout.InfiniteTimeSpan))
                {
                    return true;
                }
            }
            var rows = 0;
            while (waiting.TryPeek(out var next) && (rows == 0 || (rows + next.Rows <= RowsPerGroup && next.Alone is null && group[0].Alone is null)))
            {
                rows += next.Rows;
                group.Add(waiting.Dequeue());
            }
        }
        group.RemoveAll(static operation => !operation.Begin());
        return true;
    }

    /// <summary>All together first. If one of them fails, each by itself: its error is its own.</summary>
    private StoreSignals WriteAll(List<WriteOperation> operations)
    {
        if (operations.Count == 0)
        {
            return StoreSignals.None;
        }
        try
        {
            return Write(operations);
        }
        catch (StripeBusyException busy)
        {
            PutOff(current!, busy.Stripes);
            return WriteAll(operations.FindAll(operation => operation != current));
        }
        catch (Exception error)
        {
            if (operations.Count == 1 || !connection.IsOpen)
            {
                operations.ForEach(operation => operation.Failed(PostgreSqlFault.Is(error) ? PostgreSqlFault.ForUser(error, connection.Store) : error));
                return StoreSignals.None;
            }
            var signals = StoreSignals.None;
            foreach (var operation in operations.ToArray())
            {
                signals |= WriteAll([operation]);
            }
            return signals;
        }
    }

    // New jobs of many callers come first, as one operation. They wait for each other anyhow, and so ask their questions together.
    private void DoAll(Session session, List<WriteOperation> intake, List<WriteOperation> operations)
    {
        if (intake.Count > 0)
        {
            current = intake[0];
            Do(session, session => AddAll(session, intake));
        }
        foreach (var operation in operations)
        {
            if (operation.Jobs.Count == 0)
            {
                current = operation;
                Do(session, operation.Do);
            }
        }
    }

    private void AddAll(Session session, List<WriteOperation> intake)
    {
        session.Foresee([.. intake.SelectMany(static operation => operation.Jobs)]);
        foreach (var operation in intake)
        {
            current = operation;
            operation.Do(session);
        }
    }

    private static void Do(Session session, Action<Session> work)
    {
        session.BeginOperation();
        work(session);
        session.EndOperation();
    }

    /// <summary>Somebody's open transaction decides about a key that this wants: it waits for that without holding up anybody.</summary>
    private void PutOff(WriteOperation operation, long[] stripes)
    {
        group.Remove(operation);
        operation.Again();
        _ = AgainAsync(operation, stripes);
    }

    private async Task AgainAsync(WriteOperation operation, long[] stripes)
    {
        try
        {
            await stripesWait.ForAsync(stripes);
        }
        catch (Exception error)
        {
            operation.Failed(PostgreSqlFault.Is(error) ? PostgreSqlFault.ForUser(error, connection.Store) : error);
        }
        if (operation.Error is null && !TryAdd(operation))
        {
            operation.Failed(new ObjectDisposedException(nameof(PostgreSqlJobStore)));
        }
        if (operation.Error is not null)
        {
            operation.Answer();
        }
    }

    /// <summary>What was lost with its connection before its commit is done again, once: nothing of it has happened.</summary>
    private StoreSignals Write(List<WriteOperation> operations)
    {
        try
        {
            return WriteOnce(operations);
        }
        catch (Exception error) when (connection.WasLostBeforeCommit && PostgreSqlFault.IsLoss(error))
        {
            return WriteOnce(operations);
        }
    }

    private StoreSignals WriteOnce(List<WriteOperation> operations)
    {
        if (operations[0].Alone is { } alone)
        {
            return AskAlone(operations[0], alone);
        }
        var sql = connection.Open();
        try
        {
            var intake = operations.FindAll(static operation => operation.Jobs.Count > 0);
            var first = intake.Count > 0 ? null : operations[0];
            var (time, arrivals) = connection.Begin(begun => first?.AskAhead(begun, again: false));
            var session = new Session(sql, names, definitions, time) { Horizon = horizon.Value };
            if (arrivals)
            {
                Do(session, static session => session.TakeIn());
                // What was asked ahead was answered before.
                first?.AskAhead(sql, again: true);
            }
            DoAll(session, intake, operations);
            connection.Commit(session.Signals);
            session.Publish();
            Work = (Work.Commits + 1, sql.RoundTrips, sql.Sent);
            return session.Signals;
        }
        catch
        {
            connection.RollBack();
            throw;
        }
    }

    private StoreSignals AskAlone(WriteOperation operation, Func<Statements, DateTimeOffset?> ask)
    {
        try
        {
            var (sql, time) = connection.Ask(ask);
            var session = new Session(sql, names, definitions, time);
            operation.Do(session);
            session.Publish();
            Work = (Work.Commits + 1, sql.RoundTrips, sql.Sent);
            return StoreSignals.None;
        }
        catch
        {
            connection.RollBack();
            throw;
        }
    }
}
