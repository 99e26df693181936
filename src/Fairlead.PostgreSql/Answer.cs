using System.Globalization;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>The rows of one answer, read whole and kept flat: a number costs no object of its own.</summary>
internal sealed class Answer
{
    private static readonly object s_null = new();
    private Cell[] cells = [];
    private int used;

    /// <summary>False until the server has answered.</summary>
    public bool IsRead { get; private set; }

    public int Rows { get; private set; }

    public int Columns { get; private set; }

    public bool IsNull(int row, int column) => ReferenceEquals(At(row, column).Reference, s_null);

    public long Number(int row, int column) => At(row, column).Number;

    public double Real(int row, int column) => BitConverter.Int64BitsToDouble(At(row, column).Number);

    public object? Reference(int row, int column) => At(row, column).Reference;

    /// <summary>Takes what a result holds.</summary>
    public void Read(NpgsqlDataReader reader)
    {
        (IsRead, Columns) = (true, reader.FieldCount);
        var types = new Type[Columns];
        for (var column = 0; column < types.Length; column++)
        {
            types[column] = reader.GetFieldType(column);
        }
        while (reader.Read())
        {
            if (used + types.Length > cells.Length)
            {
                Array.Resize(ref cells, Math.Max(cells.Length * 2, types.Length * 4));
            }
            for (var column = 0; column < types.Length; column++)
            {
                cells[used++] = Value(reader, column, types[column]);
            }
            Rows++;
        }
    }

    private ref readonly Cell At(int row, int column) => ref cells[(row * Columns) + column];

    private static Cell Value(NpgsqlDataReader reader, int column, Type type) =>
        reader.IsDBNull(column) ? new(s_null, 0)
        : type == typeof(long) ? new(null, reader.GetInt64(column))
        : type == typeof(string) ? new(reader.GetString(column), 0)
        : type == typeof(byte[]) ? new(reader.GetFieldValue<byte[]>(column), 0)
        : type == typeof(double) ? new(null, BitConverter.DoubleToInt64Bits(reader.GetDouble(column)))
        : type == typeof(bool) ? new(null, reader.GetBoolean(column) ? 1 : 0)
        : Other(reader.GetValue(column));

    private static Cell Other(object value) =>
        value is IConvertible number and not string ? new(null, number.ToInt64(CultureInfo.InvariantCulture)) : new(value, 0);

    /// <summary>A number, or the bits of a real one, or what else there is.</summary>
    private readonly record struct Cell(object? Reference, long Number);
}
