using System.Data;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>
/// The connection that writes, opened anew after it was lost, and the frame of its transactions. They follow one after the other in the whole
/// cluster: each holds the store's advisory lock, so that everything is decided on what is. The server ends one that is silent for long.
/// </summary>
internal sealed class WriterConnection(PostgreSqlStoreOptions options, SqlText texts, StoreClock clock, ArrivalHorizon arrivals, string store, string sender) : IDisposable
{
    // Notifications queue up behind one lock of the server: what comes sooner than this after the last one is told together.
    private static readonly TimeSpan s_tellEvery = TimeSpan.FromMilliseconds(5);

    // So often the turn is asked for before a call is given up.
    private const int MostTries = 3;

    private NpgsqlConnection? connection;
    private Statements? sql;
    private StoreSignals untold;
    private long? toldAt;
    private (long Time, long Stamp)? last;
    private bool begun;
    private bool committing;

    public string Store => store;

    public bool IsOpen => connection?.State == ConnectionState.Open;

    /// <summary>The store's time as it is known here, in microseconds: the last transaction's, and what has passed since; null before the first.</summary>
    public long? Now => last is { } known ? known.Time + Moment.Of(clock.Watch.GetElapsedTime(known.Stamp)) : null;

    /// <summary>True when the connection was lost in a transaction whose commit had not been asked for: nothing of it has happened.</summary>
    public bool WasLostBeforeCommit => begun && !committing && !IsOpen;

    /// <summary>The statements of the connection, which is opened if it is not.</summary>
    public Statements Open()
    {
        (begun, committing) = (false, false);
        if (!IsOpen)
        {
            connection?.Dispose();
            connection = options.Connect();
            connection.Open();
            sql = new Statements(connection, texts);
            if (!options.Pooled)
            {
                sql["plan_by_keys_always"].Any();
            }
            // Another server counts its transactions anew.
            arrivals.Reset();
        }
        return sql!;
    }

    /// <summary>Begins a transaction when it is this store's turn.</summary>
    /// <param name="ahead">What is asked in the same round trip, once the turn is ours.</param>
    /// <returns>The store's time, and whether anything has come in through callers' transactions.</returns>
    public (DateTimeOffset Time, bool Arrivals) Begin(Action<Statements> ahead)
    {
        begun = true;
        for (var tries = 1; ; tries++)
        {
            try
            {
                return TakeTurn(ahead);
            }
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.LockNotAvailable && tries < MostTries)
            {
                RollBack();
                EndSilentTurn();
            }
        }
    }

    /// <summary>Asks one statement by itself, out of turn and without a transaction around it. It may be asked again on a new connection.</summary>
    /// <param name="ask">Asks it, and gives the store's time as it was answered, or null.</param>
    public (Statements Sql, DateTimeOffset Time) Ask(Func<Statements, DateTimeOffset?> ask)
    {
        var asked = Open();
        begun = true;
        var time = ask(asked);
        if (time is { } known)
        {
            last = (Moment.Of(known), clock.Watch.GetTimestamp());
        }
        return (asked, time ?? default);
    }

    /// <summary>How long what was committed may still wait to be told; null when others know all.</summary>
    public TimeSpan? TellsIn => untold == StoreSignals.None ? null
        : toldAt is { } last && s_tellEvery - clock.Real.GetElapsedTime(last) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>Ends it, and tells the others with it or soon after.</summary>
    public void Commit(StoreSignals signals)
    {
        var before = untold;
        untold |= signals;
        var tells = TellsIn == TimeSpan.Zero;
        if (tells)
        {
            sql!["tell"].Add(Signals.Channel(texts.Schema)).Add($"{(int)untold} {sender}").Run();
        }
        sql!.Control("COMMIT");
        committing = true;
        try
        {
            sql.Flush();
        }
        catch
        {
            untold = before;
            throw;
        }
        if (tells)
        {
            (untold, toldAt) = (StoreSignals.None, clock.Real.GetTimestamp());
        }
    }

    /// <summary>Tells what was committed and not told yet. A hint that cannot be given now is not given: others poll.</summary>
    public void Tell()
    {
        try
        {
            Open()["tell"].Add(Signals.Channel(texts.Schema)).Add($"{(int)untold} {sender}").Run();
            sql!.Flush();
        }
        catch (Exception error) when (PostgreSqlFault.Is(error))
        {
            RollBack();
        }
        (untold, toldAt) = (StoreSignals.None, clock.Real.GetTimestamp());
    }

    /// <summary>Gives it up.</summary>
    public void RollBack()
    {
        sql?.Drop();
        try
        {
            if (IsOpen)
            {
                sql!.Control("ROLLBACK");
                sql.Flush();
            }
        }
        catch (Exception error) when (PostgreSqlFault.Is(error))
        {
            // It is gone with its connection.
            connection!.Dispose();
        }
    }

    public void Dispose() => connection?.Dispose();

    private (DateTimeOffset Time, bool Arrivals) TakeTurn(Action<Statements> ahead)
    {
        // Whoever has waited for the turn must see what was done meanwhile, whatever isolation the database has by default.
        sql!.Control("BEGIN ISOLATION LEVEL READ COMMITTED");
        sql["take_turn"].Add($"{(long)options.IdleInTransaction.TotalMilliseconds}").Add(texts.Schema).Run();
        sql["plan_by_keys"].Run();
        ahead(sql);
        var row = sql["begin"].Add(arrivals.Value);
        row.Step();
        var (time, waiting) = (clock.Time(row.Time(0)), row.Long(1) != 0);
        if (!waiting)
        {
            arrivals.Value = row.Long(2);
        }
        last = (Moment.Of(time), clock.Watch.GetTimestamp());
        return (time, waiting);
    }

    /// <summary>
    /// Whoever holds the turn may be a node that stands still in the middle of a message, where no time limit of the server applies. Its connection is ended.
    /// </summary>
    private void EndSilentTurn()
    {
        try
        {
            sql!["end_silent_turn"].Add(texts.Schema).Add((long)options.IdleInTransaction.TotalMilliseconds).Run();
            sql.Flush();
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // It works under another role, whose connections are not ours to end: it is waited for.
        }
    }
}
