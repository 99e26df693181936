namespace Fairlead.PostgreSql;

/// <summary>Rows for one statement, gathered column by column: it gets each column as an array and writes all rows at once.</summary>
internal sealed class Rows
{
    private readonly List<Column> columns = [];
    private int next;

    public int Count { get; private set; }

    public Rows Add(long value) => Add<long?>(value, static (statement, values) => statement.Add(values));

    public Rows Add(long? value) => Add(value, static (statement, values) => statement.Add(values));

    public Rows Add(double? value) => Add(value, static (statement, values) => statement.Add(values));

    public Rows Add(string? value) => Add(value, static (statement, values) => statement.Add(values));

    public Rows Add(ReadOnlySpan<byte> blob) => Add(blob.IsEmpty ? null : blob.ToArray(), static (statement, values) => statement.Add(values));

    /// <summary>The row is complete.</summary>
    public void End()
    {
        next = 0;
        Count++;
    }

    /// <summary>Gives all columns to a statement.</summary>
    public Statement To(Statement statement)
    {
        foreach (var column in columns)
        {
            column.To(statement);
        }
        return statement;
    }

    private Rows Add<T>(T value, Action<Statement, T[]> give)
    {
        if (next == columns.Count)
        {
            columns.Add(new Column<T>(give));
        }
        ((Column<T>)columns[next++]).Values.Add(value);
        return this;
    }

    private abstract class Column
    {
        public abstract void To(Statement statement);
    }

    private sealed class Column<T>(Action<Statement, T[]> give) : Column
    {
        public List<T> Values { get; } = [];

        public override void To(Statement statement) => give(statement, [.. Values]);
    }
}
