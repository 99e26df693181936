using Fairlead.Storage;
using SQLitePCL;

namespace Fairlead.Sqlite;

/// <summary>What SQLite answered instead of doing it. Inside the store only: users get one of the two exceptions of the contract.</summary>
internal sealed class SqliteFault(int code, int extended, string message) : Exception($"SQLite error {code} ({extended}): {message}")
{
    /// <summary>The primary result code.</summary>
    public int Code => code & 0xff;

    /// <summary>The exception a user can act on.</summary>
    public Exception ForUser(string file) => Code switch
    {
        raw.SQLITE_NOTADB => new StoreMismatchException($"'{file}' is not a SQLite database. Name another file, or move this one away.", this),
        raw.SQLITE_CORRUPT => new StoreMismatchException($"'{file}' is damaged ({message}). Restore it from a copy, or repair it with 'sqlite3 {file} .recover'.", this),
        raw.SQLITE_FULL or raw.SQLITE_IOERR when Code == raw.SQLITE_FULL || IsDiskFull(file) => new StoreUnavailableException($"The disk (or the size allowed for '{file}') is full; nothing of the call was kept. Make room and try again.", this),
        raw.SQLITE_READONLY => new StoreUnavailableException($"'{file}' cannot be written: the file or its folder is read-only for this user.", this),
        raw.SQLITE_CANTOPEN or raw.SQLITE_PERM => new StoreUnavailableException($"'{file}' cannot be opened: check that its folder exists and that this user may write there.", this),
        raw.SQLITE_IOERR => new StoreUnavailableException($"Reading or writing '{file}' failed ({message}).", this),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new StoreUnavailableException(
            $"Another process has held the write lock of '{file}' for more than {DatabaseFile.BusySeconds} s. Look for a long transaction in a program that shares the file.", this),
        _ => new StoreUnavailableException($"SQLite could not work with '{file}': {message} (code {extended}).", this),
    };

    /// <summary>SQLite calls a full disk an I/O error where it cannot grow the index of its write-ahead log.</summary>
    private static bool IsDiskFull(string file)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(file)!).AvailableFreeSpace < 256 * 1024;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
