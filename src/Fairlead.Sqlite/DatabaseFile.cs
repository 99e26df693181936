using Fairlead.Storage;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Fairlead.Sqlite;

/// <summary>What a file is before anything is written to it.</summary>
internal enum DatabaseContent
{
    /// <summary>It does not exist or is empty.</summary>
    Empty,

    /// <summary>A store of Fairlead.</summary>
    Fairlead,

    /// <summary>A SQLite database with tables of another program and none of ours.</summary>
    Foreign,

    /// <summary>Something else.</summary>
    NotADatabase,
}

/// <summary>The file itself: how its connections are opened, and what it holds.</summary>
internal sealed class DatabaseFile
{
    /// <summary>How long a meeting with another writer may last before the user hears of it.</summary>
    public const int BusySeconds = 60;

    private readonly SqliteStoreOptions options;
    private readonly string connectionString;

    public DatabaseFile(SqliteStoreOptions options)
    {
        this.options = options;
        var builder = options.ConnectionString.Contains('=', StringComparison.Ordinal)
            ? new SqliteConnectionStringBuilder(options.ConnectionString)
            : new SqliteConnectionStringBuilder { DataSource = options.ConnectionString };
        if (builder.Mode == SqliteOpenMode.Memory || builder.DataSource is "" or ":memory:" || builder.DataSource.StartsWith("file:", StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"Expected the path of a file; got '{builder.DataSource}'. A store in memory is UseInMemory().", nameof(options));
        }
        builder.DataSource = Path = System.IO.Path.GetFullPath(builder.DataSource);
        builder.Pooling = false;
        // Who asks for Mode=ReadOnly hears when the store is opened that it has to be written, from SQLite itself.
        builder.Mode = builder.Mode == SqliteOpenMode.ReadOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate;
        connectionString = builder.ToString();
    }

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>The folder of node locks and sockets beside it.</summary>
    public string NodesFolder => Path + "-nodes";

    /// <summary>What the file holds; it is not changed.</summary>
    public static DatabaseContent Inspect(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            return DatabaseContent.Empty;
        }
        try
        {
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, Mode = SqliteOpenMode.ReadWrite }.ToString());
            connection.Open();
            using var statements = new Statements(connection.Handle!);
            return statements["has_meta"].Any() ? DatabaseContent.Fairlead
                : statements["has_tables"].Any() ? DatabaseContent.Foreign
                : DatabaseContent.Empty;
        }
        catch (SqliteException error) when (error.SqliteErrorCode == raw.SQLITE_NOTADB)
        {
            return DatabaseContent.NotADatabase;
        }
        catch (SqliteFault fault) when (fault.Code == raw.SQLITE_NOTADB)
        {
            return DatabaseContent.NotADatabase;
        }
    }

    /// <summary>A connection that writes.</summary>
    public SqliteConnection OpenWriter() => Open(
        $"PRAGMA synchronous={(options.Durability == SqliteDurability.Full ? "FULL" : "NORMAL")};"
        + $"PRAGMA cache_size=-{options.CacheKiB};PRAGMA wal_autocheckpoint={options.CheckpointPages};PRAGMA temp_store=MEMORY;"
        + (options.MaxPages is { } pages ? $"PRAGMA max_page_count={pages};" : ""));

    /// <summary>A connection that only reads. It is opened for writing all the same, since readers of a write-ahead log share its index.</summary>
    public SqliteConnection OpenReader() => Open($"PRAGMA cache_size=-{options.CacheKiB / 4};PRAGMA query_only=ON;PRAGMA temp_store=MEMORY;");

    private SqliteConnection Open(string pragmas)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            raw.sqlite3_busy_timeout(connection.Handle!, BusySeconds * 1000);
            using var statements = new Statements(connection.Handle!);
            statements.Execute(pragmas);
            return raw.sqlite3_db_readonly(connection.Handle!, "main") == 0 ? connection : throw new SqliteFault(raw.SQLITE_READONLY, raw.SQLITE_READONLY, "read-only");
        }
        catch (SqliteFault fault)
        {
            connection.Dispose();
            throw fault.ForUser(Path);
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw new SqliteFault(error.SqliteErrorCode, error.SqliteExtendedErrorCode, error.Message).ForUser(Path);
        }
    }
}
