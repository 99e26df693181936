using Fairlead.Storage;
using SQLitePCL;

namespace Fairlead.Sqlite;

/// <summary>
/// One prepared statement, bound and stepped without ADO.NET between: per-row overhead decides the store's throughput.
/// Parameters are added in order; a statement that has been stepped to its end is ready for its next use.
/// </summary>
internal sealed class Statement(Statements owner, sqlite3_stmt handle) : IDisposable
{
    private readonly nint pointer = handle.DangerousGetHandle();
    private int bound;
    private bool active;

    public Statement Start()
    {
        Reset();
        bound = 0;
        return this;
    }

    public Statement Add(long value)
    {
        if (Native.IsFound)
        {
            Native.BindLong(pointer, ++bound, value);
        }
        else
        {
            raw.sqlite3_bind_int64(handle, ++bound, value);
        }
        return this;
    }

    public Statement Add(long? value)
    {
        if (value is { } number)
        {
            return Add(number);
        }
        return AddNull();
    }

    public Statement Add(double value)
    {
        raw.sqlite3_bind_double(handle, ++bound, value);
        return this;
    }

    public Statement Add(double? value) => value is { } number ? Add(number) : AddNull();

    public Statement Add(string? text)
    {
        if (text is null)
        {
            return AddNull();
        }
        raw.sqlite3_bind_text(handle, ++bound, StoredText.Write(text));
        return this;
    }

    public Statement Add(ReadOnlySpan<byte> blob)
    {
        if (blob.IsEmpty)
        {
            return AddNull();
        }
        raw.sqlite3_bind_blob(handle, ++bound, blob);
        return this;
    }

    /// <summary>True when there is a row to read; at the end the statement resets itself.</summary>
    public bool Step()
    {
        var code = Native.IsFound ? Native.Step(pointer) : raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
        {
            if (!active)
            {
                active = true;
                owner.Activated(this);
            }
            return true;
        }
        active = false;
        var reset = ResetNow();
        return code == raw.SQLITE_DONE ? false : throw owner.Fault(reset == raw.SQLITE_OK ? code : reset);
    }

    /// <summary>Runs to the end; what it returns is not read.</summary>
    public void Run()
    {
        while (Step())
        {
        }
    }

    /// <summary>Runs to the end and says how many rows changed.</summary>
    public int Change()
    {
        Run();
        return owner.Changes;
    }

    /// <summary>The first column of the first row; null when there is no row, or null in it.</summary>
    public long? Number()
    {
        long? value = Step() ? MaybeLong(0) : null;
        Reset();
        return value;
    }

    /// <summary>True when there is at least one row.</summary>
    public bool Any()
    {
        var any = Step();
        Reset();
        return any;
    }

    public void Reset()
    {
        if (active)
        {
            active = false;
            ResetNow();
        }
    }

    public long Long(int column) => Native.IsFound ? Native.ColumnLong(pointer, column) : raw.sqlite3_column_int64(handle, column);

    public int Int(int column) => (int)Long(column);

    public bool IsNull(int column) =>
        (Native.IsFound ? Native.ColumnType(pointer, column) : raw.sqlite3_column_type(handle, column)) == raw.SQLITE_NULL;

    public long? MaybeLong(int column) => IsNull(column) ? null : Long(column);

    public double Double(int column) => raw.sqlite3_column_double(handle, column);

    public double? MaybeDouble(int column) => IsNull(column) ? null : Double(column);

    public string Text(int column) => StoredText.Read(raw.sqlite3_column_text(handle, column).utf8_to_string() ?? "");

    public string? MaybeText(int column) => IsNull(column) ? null : Text(column);

    public byte[] Blob(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    public DateTimeOffset Time(int column) => Moment.From(Long(column));

    public DateTimeOffset? MaybeTime(int column) => IsNull(column) ? null : Time(column);

    public void Dispose() => handle.Dispose();

    private int ResetNow() => Native.IsFound ? Native.Reset(pointer) : raw.sqlite3_reset(handle);

    private Statement AddNull()
    {
        if (Native.IsFound)
        {
            Native.BindNull(pointer, ++bound);
        }
        else
        {
            raw.sqlite3_bind_null(handle, ++bound);
        }
        return this;
    }
}
