namespace Fairlead.Sqlite;

/// <summary>Where a SQLite store lives and how careful it is.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>A path, or a connection string with <c>Data Source=</c>. The file is made when it does not exist; <c>:memory:</c> is refused, since a store is shared by connections.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>What a commit survives. Default <see cref="SqliteDurability.Full" />.</summary>
    public SqliteDurability Durability { get; init; } = SqliteDurability.Full;

    /// <summary>The page cache of the writing connection, in KiB; default 16 MiB. Each reading connection takes a quarter of it.</summary>
    public int CacheKiB { get; init; } = 16 * 1024;

    /// <summary>How many pages of 4 KiB the write-ahead log may grow before it is carried over into the file; default 4000.</summary>
    public int CheckpointPages { get; init; } = 4000;

    /// <summary>The most pages of 4 KiB the file may have; a call that needs more fails as on a full disk. Null (the default) for no bound.</summary>
    public int? MaxPages { get; init; }
}

/// <summary>What a commit survives.</summary>
public enum SqliteDurability
{
    /// <summary>The end of every process and a power loss: each commit is flushed to the disk (<c>synchronous=FULL</c>).</summary>
    Full = 0,

    /// <summary>The end of every process; a power loss may take the last moments, never the file (<c>synchronous=NORMAL</c>).</summary>
    Normal = 1,
}
