using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Fairlead.Sqlite;

/// <summary>Connections that only read, each query in one snapshot. As many as read at once; a few are kept.</summary>
internal sealed class ReaderPool(DatabaseFile file) : IDisposable
{
    private const int Kept = 3;

    private readonly ConcurrentBag<Reader> idle = [];
    private bool disposed;

    public T Read<T>(Func<Statements, T> work)
    {
        var reader = idle.TryTake(out var taken) ? taken : new Reader(file.OpenReader());
        var sound = false;
        try
        {
            reader.Statements.Control("BEGIN");
            var answer = work(reader.Statements);
            reader.Statements.ResetActive();
            reader.Statements.Control("COMMIT");
            sound = true;
            return answer;
        }
        catch (SqliteFault fault)
        {
            throw fault.ForUser(file.Path);
        }
        finally
        {
            if (sound && !disposed && idle.Count < Kept)
            {
                idle.Add(reader);
            }
            else
            {
                reader.Dispose();
            }
        }
    }

    public void Dispose()
    {
        disposed = true;
        while (idle.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private sealed class Reader(SqliteConnection connection) : IDisposable
    {
        public Statements Statements { get; } = new(connection.Handle!);

        public void Dispose()
        {
            Statements.Dispose();
            connection.Dispose();
        }
    }
}
