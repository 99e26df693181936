using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Sqlite;

/// <summary>
/// The one writer of a store: a thread of its own that takes whatever was asked for meanwhile, does it in one transaction and
/// answers everybody after the commit. While one group is being flushed, the next one gathers: that is the whole of group commit.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    // So many rows keep a transaction within a few milliseconds, and the other processes get their turn.
    private const int RowsPerGroup = 4000;

    // A transaction that took longer than this counts as an interruption of the store, see HealthySince.
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(1);

    private readonly DatabaseFile file;
    private readonly TimeProvider time;
    private readonly NameTable names;
    private readonly DefinitionCache definitions;
    private readonly Action<StoreSignals> committed;
    private readonly Queue<WriteOperation> waiting = [];
    private readonly List<WriteOperation> group = [];
    private readonly Thread thread;
    private readonly WriterLock turn;
    private readonly SqliteConnection connection;
    private readonly Statements statements;
    private bool closing;
    private long healthySince = long.MinValue;

    public SqliteWriter(DatabaseFile file, TimeProvider time, NameTable names, DefinitionCache definitions, Action<StoreSignals> committed)
    {
        (this.file, this.time, this.names, this.definitions, this.committed) = (file, time, names, definitions, committed);
        connection = file.OpenWriter();
        try
        {
            turn = OpenTurn();
        }
        catch
        {
            connection.Dispose();
            throw;
        }
        statements = new Statements(connection.Handle!);
        thread = new Thread(Run) { IsBackground = true, Name = "Fairlead SQLite writer" };
        thread.Start();
    }

    /// <summary>Since when (microseconds) every write of this store has succeeded without a gap: silence of others counts only from here.</summary>
    public long HealthySince => Volatile.Read(ref healthySince);

    /// <summary>How many transactions changed something, for the figures.</summary>
    public long Commits { get; private set; }

    /// <summary>Does <paramref name="work" /> in a transaction; completed when it is committed.</summary>
    public ValueTask<T> WriteAsync<T>(Func<Session, T> work, int rows, CancellationToken cancellationToken)
    {
        var operation = new WriteOperation<T>(work, rows, cancellationToken);
        lock (waiting)
        {
            ObjectDisposedException.ThrowIf(closing, typeof(SqliteJobStore));
            waiting.Enqueue(operation);
            Monitor.Pulse(waiting);
        }
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
        statements.Dispose();
        connection.Dispose();
        turn.Dispose();
    }

    private WriterLock OpenTurn()
    {
        var opened = new WriterLock(file.Path);
        try
        {
            opened.Take();
            try
            {
                Migrator.Migrate(connection, file.Path);
            }
            finally
            {
                opened.Release();
            }
            return opened;
        }
        catch (SqliteFault fault)
        {
            opened.Dispose();
            throw fault.ForUser(file.Path);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Completed when a group has been taken and is being written: for tests that stall it there.</summary>
    public TaskCompletionSource? Taken { get; set; }

    private void Run()
    {
        while (TakeGroup())
        {
            var began = time.GetTimestamp();
            Taken?.TrySetResult();
            var signals = Write();
            Judge(began);
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
                Monitor.Wait(waiting);
            }
            var rows = 0;
            while (waiting.TryPeek(out var next) && (rows == 0 || rows + next.Rows <= RowsPerGroup))
            {
                rows += next.Rows;
                group.Add(waiting.Dequeue());
            }
        }
        group.RemoveAll(operation => !operation.Begin());
        return true;
    }

    private StoreSignals Write()
    {
        if (group.Count == 0)
        {
            return StoreSignals.None;
        }
        try
        {
            turn.Take();
            try
            {
                return WriteInTurn();
            }
            finally
            {
                turn.Release();
            }
        }
        catch (Exception error)
        {
            FailAll(error is SqliteFault fault ? fault.ForUser(file.Path) : error);
            return StoreSignals.None;
        }
    }

    private StoreSignals WriteInTurn()
    {
        try
        {
            statements.Control("BEGIN IMMEDIATE");
            var before = SQLitePCL.raw.sqlite3_total_changes(statements.Database);
            var session = new Session(statements, names, definitions, time.GetUtcNow());
            foreach (var operation in group)
            {
                Do(operation, session);
            }
            statements.Control("COMMIT");
            Commits += SQLitePCL.raw.sqlite3_total_changes(statements.Database) == before ? 0 : 1;
            session.Publish();
            return session.Signals;
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    // Each operation stands for itself: its error undoes its own work only. Alone in its group it needs no savepoint for that.
    private void Do(WriteOperation operation, Session session)
    {
        var alone = group.Count == 1;
        if (!alone)
        {
            statements.Control("SAVEPOINT operation");
        }
        try
        {
            session.BeginOperation();
            operation.Do(session);
            session.EndOperation();
            statements.ResetActive();
        }
        catch (Exception error) when (!alone && StillInTransaction())
        {
            session.ForgetOperation();
            statements.Control("ROLLBACK TO operation");
            operation.Failed(error is SqliteFault fault ? fault.ForUser(file.Path) : error);
        }
        if (!alone)
        {
            statements.Control("RELEASE operation");
        }
    }

    // A full disk may have ended the whole transaction under our feet.
    private bool StillInTransaction()
    {
        statements.ResetActive();
        return statements.InTransaction;
    }

    private void RollBack()
    {
        statements.ResetActive();
        if (statements.InTransaction)
        {
            statements.Control("ROLLBACK");
        }
    }

    private void FailAll(Exception error)
    {
        foreach (var operation in group)
        {
            operation.Failed(error);
        }
        if (error is StoreUnavailableException)
        {
            Volatile.Write(ref healthySince, long.MaxValue);
        }
    }

    private void Judge(long began)
    {
        var stalled = time.GetElapsedTime(began) > Stall || healthySince == long.MaxValue;
        var failed = group.Exists(operation => operation.Error is StoreUnavailableException);
        if (stalled && !failed)
        {
            Volatile.Write(ref healthySince, Moment.Of(time.GetUtcNow()));
        }
    }
}
