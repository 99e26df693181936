using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>
/// Waits until callers' open transactions have let go of stripes of keys, on connections of its own that hold nothing else. A stripe is waited for once, whoever wants it.
/// </summary>
internal sealed class StripeWait(PostgreSqlStoreOptions options, SqlText texts) : IDisposable
{
    // Longer than a caller should keep a transaction open; whoever wants the key hears of it then.
    private const string Longest = "60s";

    private readonly Lock gate = new();
    private readonly Dictionary<long, Task> waits = [];
    private readonly CancellationTokenSource ended = new();

    /// <summary>Completed when each of them was free once.</summary>
    /// <exception cref="NpgsqlException">One was not for a minute, or the server is away.</exception>
    public async Task ForAsync(long[] stripes)
    {
        foreach (var stripe in stripes)
        {
            await ForOneAsync(stripe);
        }
    }

    public void Dispose() => ended.Cancel();

    private Task ForOneAsync(long stripe)
    {
        lock (gate)
        {
            if (!waits.TryGetValue(stripe, out var wait))
            {
                waits[stripe] = wait = WaitAsync(stripe);
            }
            return wait;
        }
    }

    private async Task WaitAsync(long stripe)
    {
        // Whoever asks has its answer from the task: it is in the table before it runs.
        await Task.Yield();
        try
        {
            await using var connection = options.Connect();
            await connection.OpenAsync(ended.Token);
            await using var transaction = await connection.BeginTransactionAsync(ended.Token);
            await using var batch = new NpgsqlBatch(connection, transaction) { Timeout = 0 };
            batch.BatchCommands.Add(new($"SET LOCAL lock_timeout = '{Longest}'"));
            batch.BatchCommands.Add(new(texts.Of("stripes")) { Parameters = { new NpgsqlParameter<string> { TypedValue = texts.Schema }, new NpgsqlParameter<long> { TypedValue = stripe } } });
            await batch.ExecuteNonQueryAsync(ended.Token);
        }
        finally
        {
            lock (gate)
            {
                waits.Remove(stripe);
            }
        }
    }
}
