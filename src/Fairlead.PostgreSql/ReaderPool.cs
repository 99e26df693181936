using System.Collections.Concurrent;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>Connections that only read, each query in one snapshot. A few are kept, and no more than those read at once.</summary>
internal sealed class ReaderPool(PostgreSqlStoreOptions options, SqlText texts, string store) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(8);
    private readonly ConcurrentBag<Reader> idle = [];
    private readonly SemaphoreSlim places = new(options.Readers);
    private bool disposed;

    /// <summary>Several questions, answered from one snapshot.</summary>
    public T Read<T>(Func<Statements, T> work) => Read(static (reader, work) => reader.Read(work), work);

    /// <summary>One question, which needs no frame around it.</summary>
    public T Ask<T>(Func<Statements, T> question) => Read(static (reader, question) => reader.Ask(question), question);

    public void Dispose()
    {
        disposed = true;
        while (idle.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private T Read<T>(Func<Reader, Func<Statements, T>, T> how, Func<Statements, T> work)
    {
        if (!places.Wait(s_patience))
        {
            throw new StoreUnavailableException($"All {options.Readers} connections that read '{store}' are busy. Raise Readers, or look in pg_stat_activity for what they do.");
        }
        try
        {
            return ReadKept(reader => how(reader, work));
        }
        catch (Exception error) when (PostgreSqlFault.Is(error))
        {
            throw PostgreSqlFault.ForUser(error, store);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>A kept connection may have died meanwhile, and the others with it: what only reads is asked again on a fresh one.</summary>
    private T ReadKept<T>(Func<Reader, T> work)
    {
        while (idle.TryTake(out var kept))
        {
            try
            {
                return ReadOn(kept, work);
            }
            catch (Exception error) when (PostgreSqlFault.IsLoss(error))
            {
                // The next one, or a fresh one, answers.
            }
        }
        return ReadOn(new Reader(options, texts), work);
    }

    private T ReadOn<T>(Reader reader, Func<Reader, T> work)
    {
        try
        {
            var answer = work(reader);
            Keep(reader);
            return answer;
        }
        catch
        {
            reader.Dispose();
            throw;
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
            try
            {
                connection.Open();
            }
            catch
            {
                connection.Dispose();
                throw;
            }
            statements = new Statements(connection, texts);
        }

        public T Read<T>(Func<Statements, T> work)
        {
            statements.Control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            var answer = work(statements);
            statements.Control("COMMIT");
            statements.Flush();
            return answer;
        }

        public T Ask<T>(Func<Statements, T> question) => question(statements);

        public void Dispose() => connection.Dispose();
    }
}
