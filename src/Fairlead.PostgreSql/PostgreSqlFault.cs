using System.Net.Sockets;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>What the server or the way to it answered, as the two exceptions of the contract.</summary>
internal static class PostgreSqlFault
{
    // idle_in_transaction_session_timeout, which Npgsql has no name for.
    private const string StoodStill = "25P03";

    /// <summary>Whether an exception comes from the server or the way to it.</summary>
    public static bool Is(Exception error) => error is NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException { ObjectName: not null };

    /// <summary>Whether the connection itself was lost: not that the server said no, or nothing in time.</summary>
    public static bool IsLoss(Exception error) => error is PostgresException fault
        ? fault.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or StoodStill
        : Is(error) && !IsSilence(error);

    /// <summary>Whether nothing was answered in time.</summary>
    public static bool IsSilence(Exception error) => error is TimeoutException or NpgsqlException { InnerException: TimeoutException };

    /// <summary>The exception a user can act on.</summary>
    public static Exception ForUser(Exception error, string store) => error is PostgresException fault ? OfServer(fault, store)
        : IsSilence(error) ? new StoreUnavailableException($"'{store}' did not answer in time: {error.InnerException?.Message ?? error.Message}", error)
        : new StoreUnavailableException($"'{store}' cannot be reached: {error.InnerException?.Message ?? error.Message}", error);

    private static Exception OfServer(PostgresException fault, string store) => fault.SqlState switch
    {
        PostgresErrorCodes.InvalidCatalogName => new StoreMismatchException($"There is no such database: {fault.MessageText}. Create it (createdb), or name another one.", fault),
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => new StoreUnavailableException($"'{store}' does not let us in: {fault.MessageText}. Check user and password.", fault),
        PostgresErrorCodes.InsufficientPrivilege => new StoreUnavailableException($"'{store}' refuses: {fault.MessageText}. docs/postgresql.md lists the privileges that are needed.", fault),
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedColumn => new StoreMismatchException($"'{store}' holds no store of this version: {fault.MessageText}. Open it with a program that may migrate it.", fault),
        PostgresErrorCodes.DiskFull or PostgresErrorCodes.OutOfMemory => new StoreUnavailableException($"'{store}' has no room left: {fault.MessageText}. Nothing of the call was kept. Make room and try again.", fault),
        PostgresErrorCodes.TooManyConnections => new StoreUnavailableException($"'{store}' takes no more connections: {fault.MessageText}. Raise max_connections, or use a pooler.", fault),
        PostgresErrorCodes.CannotConnectNow => new StoreUnavailableException($"'{store}' starts or stops at this moment: {fault.MessageText}.", fault),
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => new StoreUnavailableException($"'{store}' has ended the connection: {fault.MessageText}.", fault),
        StoodStill => new StoreUnavailableException($"'{store}' has ended a transaction of this node, which stood still for longer than IdleInTransaction: {fault.MessageText}.", fault),
        PostgresErrorCodes.ReadOnlySqlTransaction => new StoreUnavailableException($"'{store}' is read-only: it is a standby, or was set so.", fault),
        PostgresErrorCodes.LockNotAvailable => new StoreUnavailableException($"Another transaction has kept '{store}' from being written. Look for it in pg_stat_activity.", fault),
        _ => new StoreUnavailableException($"'{store}' could not do it: {fault.MessageText} ({fault.SqlState}).", fault),
    };
}
