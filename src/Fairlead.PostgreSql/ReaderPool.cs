using System.Collections.Concurrent;
using System.Data;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>Connections that only read, each query in one snapshot. As many as read at once; a few are kept.</summary>
internal sealed class ReaderPool(PostgreSqlStoreOptions options, SqlText texts, string store) : IDisposable
{
    private readonly ConcurrentBag<Reader> idle = [];
    private bool disposed;

    public T Read<T>(Func<Statements, T> work)
    {
        Reader? reader = null;
        try
        {
            // A kept connection may have died meanwhile: what only reads may be asked again.
            reader = idle.TryTake(out var taken) && taken.IsOpen ? taken : new Reader(options, texts);
            var answer = reader.Read(work);
            Keep(reader);
            return answer;
        }
        catch (Exception error)
        {
            reader?.Dispose();
            throw PostgreSqlFault.Is(error) ? PostgreSqlFault.ForUser(error, store) : error;
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

    private void Keep(Reader reader)
    {
        if (!disposed && idle.Count < options.Readers)
        {
            idle.Add(reader);
        }
        else
        {
            reader.Dispose();
        }
    }

    private sealed class Reader : IDisposable
    {
        private readonly NpgsqlConnection connection;
        private readonly Statements statements;

        public Reader(PostgreSqlStoreOptions options, SqlText texts)
        {
            connection = options.Connect();
            connection.Open();
            statements = new Statements(connection, texts);
        }

        public bool IsOpen => connection.State == ConnectionState.Open;

        public T Read<T>(Func<Statements, T> work)
        {
            statements.Control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            var answer = work(statements);
            statements.Control("COMMIT");
            statements.Flush();
            return answer;
        }

        public void Dispose() => connection.Dispose();
    }
}
