using Fairlead.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Fairlead.PostgreSql;

/// <summary>
/// One statement on its way to the server. What only writes waits for the next one that asks, and travels with it: a transaction costs as
/// many round trips as it has questions that cannot be asked ahead. An answer is read whole, so that others can be asked while it is walked.
/// </summary>
internal sealed class Statement(Statements owner, NpgsqlBatchCommand command, bool answers)
{
    private Answer? answer;
    private int at = -1;

    public Statement Add(long value) => Add(new NpgsqlParameter<long> { TypedValue = value });

    public Statement Add(long? value) => value is { } number ? Add(number) : AddNull(NpgsqlDbType.Bigint);

    public Statement Add(double value) => Add(new NpgsqlParameter<double> { TypedValue = value });

    public Statement Add(double? value) => value is { } number ? Add(number) : AddNull(NpgsqlDbType.Double);

    /// <summary>A text, whatever is in it: see <see cref="StoredText" />.</summary>
    public Statement Add(string? text) =>
        text is null ? AddNull(NpgsqlDbType.Text) : Add(new NpgsqlParameter<string> { TypedValue = StoredText.Write(text), NpgsqlDbType = NpgsqlDbType.Text });

    public Statement Add(ReadOnlySpan<byte> blob) =>
        blob.IsEmpty ? AddNull(NpgsqlDbType.Bytea) : Add(new NpgsqlParameter<byte[]> { TypedValue = blob.ToArray(), NpgsqlDbType = NpgsqlDbType.Bytea });

    public Statement Add(long[] values) => Add(new NpgsqlParameter<long[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });

    public Statement Add(long?[] values) => Add(new NpgsqlParameter<long?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });

    public Statement Add(double?[] values) => Add(new NpgsqlParameter<double?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Double });

    public Statement Add(string?[] values) => Add(new NpgsqlParameter<string?[]>
    {
        TypedValue = Array.ConvertAll(values, static text => text is null ? null : StoredText.Write(text)), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
    });

    public Statement Add(byte[]?[] values) => Add(new NpgsqlParameter<byte[]?[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });

    /// <summary>Asks with the next question that cannot wait: one round trip for all of them.</summary>
    public Statement Ahead()
    {
        answer ??= owner.Ask(command);
        return this;
    }

    /// <summary>True when there is a row to read.</summary>
    public bool Step() => ++at < Rows.Rows;

    /// <summary>How many rows there are.</summary>
    public int Count => Rows.Rows;

    /// <summary>Goes to a row, from 0.</summary>
    public Statement At(int row)
    {
        at = row;
        return this;
    }

    /// <summary>Sends it with the next question; what it returns is not read.</summary>
    public void Run() => owner.Send(command, answers);

    /// <summary>Runs it now and says how many rows changed.</summary>
    public int Change()
    {
        owner.WriteRows();
        owner.Send(command, answers);
        owner.Flush();
        return (int)command.RecordsAffected;
    }

    /// <summary>The first column of the first row; null when there is no row, or null in it.</summary>
    public long? Number() => Step() ? MaybeLong(0) : null;

    /// <summary>True when there is at least one row.</summary>
    public bool Any() => Step();

    public int Columns => Rows.Columns;

    public long Long(int column) => answer!.Number(at, column);

    public int Int(int column) => (int)Long(column);

    public bool IsNull(int column) => answer!.IsNull(at, column);

    public long? MaybeLong(int column) => IsNull(column) ? null : Long(column);

    public double Double(int column) => answer!.Real(at, column);

    public double? MaybeDouble(int column) => IsNull(column) ? null : Double(column);

    public string Text(int column) => MaybeText(column) ?? "";

    public string? MaybeText(int column) => answer!.Reference(at, column) is string stored ? StoredText.Read(stored) : null;

    public byte[] Blob(int column) => answer!.Reference(at, column) as byte[] ?? [];

    public DateTimeOffset Time(int column) => Moment.From(Long(column));

    public DateTimeOffset? MaybeTime(int column) => IsNull(column) ? null : Time(column);

    private Answer Rows
    {
        get
        {
            if (Ahead().answer is { IsRead: false })
            {
                owner.Flush();
            }
            return answer!;
        }
    }

    private Statement Add(NpgsqlParameter parameter)
    {
        command.Parameters.Add(parameter);
        return this;
    }

    private Statement AddNull(NpgsqlDbType type) => Add(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = type });
}
