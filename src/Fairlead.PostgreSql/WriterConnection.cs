using System.Data;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>
/// The connection that writes, opened anew after it was lost, and the frame of its transactions. They follow one after the other in the whole
/// cluster: each holds the store's advisory lock, so that everything is decided on what is. The server ends one that is silent for long.
/// </summary>
internal sealed class WriterConnection(PostgreSqlStoreOptions options, SqlText texts, StoreClock clock, ArrivalHorizon arrivals, string store) : IDisposable
{
    private NpgsqlConnection? connection;
    private Statements? sql;

    public string Store => store;

    public bool IsOpen => connection?.State == ConnectionState.Open;

    /// <summary>The store's time at the beginning of the last transaction, in microseconds.</summary>
    public long LastTime { get; private set; } = long.MinValue;

    /// <summary>The statements of the connection, which is opened if it is not.</summary>
    public Statements Open()
    {
        if (!IsOpen)
        {
            connection?.Dispose();
            connection = new NpgsqlConnection(options.Npgsql());
            connection.Open();
            sql = new Statements(connection, texts);
            // Another server counts its transactions anew.
            arrivals.Reset();
        }
        return sql!;
    }

    /// <summary>Begins a transaction.</summary>
    /// <returns>The store's time, and whether anything has come in through callers' transactions.</returns>
    public (DateTimeOffset Time, bool Arrivals) Begin()
    {
        sql!.Control("BEGIN");
        sql["take_turn"].Add($"{(long)options.IdleInTransaction.TotalMilliseconds}").Add(texts.Schema).Run();
        var row = sql["begin"].Add(arrivals.Value);
        row.Step();
        var (time, waiting) = (clock.Time(row.Time(0)), row.Long(1) != 0);
        if (!waiting)
        {
            arrivals.Value = row.Long(2);
        }
        LastTime = Moment.Of(time);
        return (time, waiting);
    }

    /// <summary>Ends it, and tells the others.</summary>
    public void Commit(StoreSignals signals)
    {
        if (signals != StoreSignals.None)
        {
            sql!["tell"].Add(Signals.Channel(texts.Schema)).Add($"{(int)signals}").Run();
        }
        sql!.Control("COMMIT");
        sql.Flush();
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
}
