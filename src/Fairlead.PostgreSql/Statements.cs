using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>The statements of one connection: what only writes is kept until somebody asks, and sent with the question in one round trip. For one thread at a time.</summary>
internal sealed class Statements(NpgsqlConnection connection, SqlText texts)
{
    // More than this is sent without waiting for a question, so that neither side holds it all.
    private const int MostPending = 2000;

    private NpgsqlBatch batch = new(connection);

    /// <summary>The statement of that name, ready for its parameters.</summary>
    public Statement this[string name] => new(this, new NpgsqlBatchCommand(texts.Of(name)));

    public NpgsqlConnection Connection => connection;

    /// <summary>The schema that the statements are for.</summary>
    public string Schema => texts.Schema;

    /// <summary>Called before anything is asked: what was gathered to be written together is sent first.</summary>
    public Action? Before { get; set; }

    /// <summary>How many round trips it took so far, for the figures.</summary>
    public long RoundTrips { get; private set; }

    /// <summary>How many statements were sent so far, for the figures.</summary>
    public long Sent { get; private set; }

    /// <summary>Begin, commit and the like, sent with the next question.</summary>
    public void Control(string sql) => Send(new NpgsqlBatchCommand(sql));

    public void Send(NpgsqlBatchCommand command)
    {
        batch.BatchCommands.Add(command);
        if (batch.BatchCommands.Count >= MostPending)
        {
            Flush();
        }
    }

    /// <summary>Sends what waits.</summary>
    public void Flush()
    {
        if (batch.BatchCommands.Count > 0)
        {
            Execute(static _ => { });
        }
    }

    /// <summary>Forgets what waits: its transaction is given up.</summary>
    public void Drop() => (batch, Before) = (new NpgsqlBatch(connection), null);

    /// <summary>Sends what waits and this; the rows of this.</summary>
    public List<object?[]> Ask(NpgsqlBatchCommand command)
    {
        Before?.Invoke();
        batch.BatchCommands.Add(command);
        var rows = new List<object?[]>();
        Execute(reader =>
        {
            // Earlier ones may answer too; the last answer is this one's.
            rows.Clear();
            while (reader.Read())
            {
                rows.Add(Row(reader));
            }
        });
        return rows;
    }

    private void Execute(Action<NpgsqlDataReader> read)
    {
        var sent = batch;
        batch = new NpgsqlBatch(connection);
        RoundTrips++;
        Sent += sent.BatchCommands.Count;
        using var reader = sent.ExecuteReader();
        do
        {
            if (reader.FieldCount > 0)
            {
                read(reader);
            }
        }
        while (reader.NextResult());
    }

    private static object?[] Row(NpgsqlDataReader reader)
    {
        var row = new object?[reader.FieldCount];
        reader.GetValues(row!);
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = row[i] is DBNull ? null : row[i];
        }
        return row;
    }
}
