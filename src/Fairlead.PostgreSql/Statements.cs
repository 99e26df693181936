using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>
/// The statements of one connection: what only writes is kept until somebody asks, and sent with the question in one round trip; so are questions
/// that are asked ahead. Rows that are to be written together (<see cref="Later" />, <see cref="Gone" />) become one statement each before the next
/// question, so that it sees them. For one thread at a time.
/// </summary>
internal sealed class Statements(NpgsqlConnection connection, SqlText texts)
{
    // More than this is sent without waiting for a question, so that neither side holds it all.
    private const int MostPending = 2000, MostRows = 20_000;

    private readonly Dictionary<string, Rows> gone = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Rows> later = new(StringComparer.Ordinal);
    private readonly Queue<Answer?> asked = new();
    private NpgsqlBatch batch = new(connection);

    /// <summary>The statement of that name, ready for its parameters.</summary>
    public Statement this[string name] => new(this, new NpgsqlBatchCommand(texts.Of(name)), SqlText.Answers(name));

    public NpgsqlConnection Connection => connection;

    /// <summary>The schema that the statements are for.</summary>
    public string Schema => texts.Schema;

    /// <summary>How many round trips it took so far, for the figures.</summary>
    public long RoundTrips { get; private set; }

    /// <summary>How many statements were sent so far, for the figures.</summary>
    public long Sent { get; private set; }

    /// <summary>Begin, commit and the like, sent with the next question.</summary>
    public void Control(string sql) => Add(new NpgsqlBatchCommand(sql));

    /// <summary>Rows that the statement of that name adds, all at once.</summary>
    public Rows Later(string name) => RowsOf(later, name);

    /// <summary>
    /// Rows that the statement of that name takes out, all at once and before anything of <see cref="Later" /> is added: what is added and taken out
    /// again needs a question in between.
    /// </summary>
    public Rows Gone(string name) => RowsOf(gone, name);

    /// <summary>Sends a statement with the next question. What it answers, if it does, nobody reads.</summary>
    public void Send(NpgsqlBatchCommand command, bool answers)
    {
        if (answers)
        {
            asked.Enqueue(null);
        }
        Add(command);
    }

    /// <summary>Asks with the next one that cannot wait for its answer.</summary>
    public Answer Ask(NpgsqlBatchCommand command)
    {
        WriteRows();
        var answer = new Answer();
        asked.Enqueue(answer);
        Add(command);
        return answer;
    }

    /// <summary>Sends what waits, and reads what was asked.</summary>
    public void Flush()
    {
        WriteRows();
        if (batch.BatchCommands.Count > 0)
        {
            Execute();
        }
    }

    /// <summary>Makes statements of the rows that are to be written together; the last step of each operation.</summary>
    public void WriteRows()
    {
        Write(gone);
        Write(later);
    }

    /// <summary>Forgets what waits: its transaction is given up.</summary>
    public void Drop()
    {
        batch = new NpgsqlBatch(connection);
        asked.Clear();
        gone.Clear();
        later.Clear();
    }

    private Rows RowsOf(Dictionary<string, Rows> box, string name)
    {
        if (box.TryGetValue(name, out var rows) && rows.Count >= MostRows)
        {
            WriteRows();
            rows = null;
        }
        return rows ?? (box[name] = new Rows());
    }

    private void Write(Dictionary<string, Rows> box)
    {
        foreach (var (name, rows) in box)
        {
            if (rows.Count > 0)
            {
                rows.To(this[name]).Run();
            }
        }
        box.Clear();
    }

    private void Add(NpgsqlBatchCommand command)
    {
        batch.BatchCommands.Add(command);
        if (batch.BatchCommands.Count >= MostPending)
        {
            Execute();
        }
    }

    private void Execute()
    {
        var sent = batch;
        batch = new NpgsqlBatch(connection);
        RoundTrips++;
        Sent += sent.BatchCommands.Count;
        try
        {
            Read(sent);
        }
        catch
        {
            // What else was asked has no answer either.
            asked.Clear();
            throw;
        }
    }

    private void Read(NpgsqlBatch sent)
    {
        using var reader = sent.ExecuteReader();
        do
        {
            if (reader.FieldCount > 0)
            {
                Next()?.Read(reader);
            }
        }
        while (reader.NextResult());
        if (asked.Count > 0)
        {
            throw new InvalidOperationException("A statement that says what it answers (-- Out:) has not answered.");
        }
    }

    private Answer? Next() => asked.TryDequeue(out var answer) ? answer
        : throw new InvalidOperationException("A statement has answered that does not say so: -- Out: is missing in its comment.");
}
