using System.Data.Common;
using System.Text.Json;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>
/// A caller's own transaction. The store only adds to it what is to come (see <see cref="Arrival" />), and takes locks on stripes of keys: however long the caller keeps it
/// open, nobody waits for it but who wants the same key.
/// </summary>
internal sealed class CallerTransaction
{
    private const string Savepoint = "fairlead";
    private readonly NpgsqlTransaction transaction;
    private readonly SqlText texts;

    private CallerTransaction(NpgsqlTransaction transaction, SqlText texts) => (this.transaction, this.texts) = (transaction, texts);

    /// <summary>What the store brought into it so far.</summary>
    public IReadOnlyList<Arrival> Own { get; private set; } = [];

    /// <summary>Does <paramref name="work" /> in it; what it did is undone if it fails, and only that.</summary>
    /// <exception cref="ArgumentException">It is not an open transaction of the store's database.</exception>
    public static async ValueTask<T> DoAsync<T>(DbTransaction transaction, SqlText texts, long identity, string store, Func<CallerTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        var own = transaction as NpgsqlTransaction ?? throw new ArgumentException($"Expected an open NpgsqlTransaction on '{store}'; got {transaction.GetType().Name}.", nameof(transaction));
        var joined = new CallerTransaction(own, texts);
        await joined.BeginAsync(store, cancellationToken);
        try
        {
            await joined.CheckAsync(identity, store, cancellationToken);
            var answer = await work(joined);
            await own.ReleaseAsync(Savepoint, cancellationToken);
            return answer;
        }
        catch (Exception error)
        {
            await joined.UndoAsync();
            throw PostgreSqlFault.Is(error) ? PostgreSqlFault.ForUser(error, store) : error;
        }
    }

    /// <summary>Takes the stripes of keys, to the end of the transaction; others that have one are waited for.</summary>
    public async Task LockAsync(long[] stripes, CancellationToken cancellationToken)
    {
        await using var command = Command("wait_for_stripes", Parameter(texts.Schema), new NpgsqlParameter<long[]> { TypedValue = stripes });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Adds what is to come, and the signal that tells of it at the commit.</summary>
    public async Task AddAsync(Arrival arrival, StoreSignals signals, CancellationToken cancellationToken)
    {
        await using (var command = Command("add_arrival", Parameter(JsonSerializer.Serialize(arrival, StoreJson.Default.Arrival))))
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        await using var tell = Command("tell", Parameter(Signals.Channel(texts.Schema)), Parameter($"{(int)signals}"));
        await tell.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task BeginAsync(string store, CancellationToken cancellationToken)
    {
        try
        {
            await transaction.SaveAsync(Savepoint, cancellationToken);
        }
        catch (Exception error) when (error is InvalidOperationException or PostgresException { SqlState: PostgresErrorCodes.NoActiveSqlTransaction or PostgresErrorCodes.InFailedSqlTransaction })
        {
            throw new ArgumentException($"Expected an open NpgsqlTransaction on '{store}'; this one has ended, or has failed.", nameof(transaction), error);
        }
        catch (Exception error) when (PostgreSqlFault.Is(error))
        {
            throw PostgreSqlFault.ForUser(error, store);
        }
    }

    private async Task CheckAsync(long identity, string store, CancellationToken cancellationToken)
    {
        await using var whose = Command("whose_database", Parameter($"\"{texts.Schema}\".meta"));
        await using var row = await whose.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        var (database, has) = (row.GetString(0), row.GetBoolean(1));
        await row.DisposeAsync();
        if (!has || await IdentityAsync(cancellationToken) != identity)
        {
            throw new ArgumentException($"The transaction is of database '{database}' on {transaction.Connection!.Host}, but this store is '{store}'.", nameof(transaction));
        }
        Own = await ReadOwnAsync(cancellationToken);
    }

    private async Task<long?> IdentityAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("counter", Parameter("identity"));
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }

    private async Task<List<Arrival>> ReadOwnAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("own_arrivals");
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var own = new List<Arrival>();
        while (await row.ReadAsync(cancellationToken))
        {
            own.Add(JsonSerializer.Deserialize(row.GetString(0), StoreJson.Default.Arrival)!);
        }
        return own;
    }

    private async Task UndoAsync()
    {
        try
        {
            await transaction.RollbackAsync(Savepoint, CancellationToken.None);
        }
        catch (Exception error) when (PostgreSqlFault.Is(error) || error is InvalidOperationException)
        {
            // The whole of it is lost: its owner hears that from the server.
        }
    }

    private NpgsqlCommand Command(string name, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(texts.Of(name), transaction.Connection, transaction);
        command.Parameters.AddRange(parameters);
        return command;
    }

    private static NpgsqlParameter<string> Parameter(string text) => new() { TypedValue = text };
}
