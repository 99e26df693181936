using System.Globalization;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>
/// Hints to the listeners of this store and of others on the same schema: directly inside the store, by NOTIFY to others. Where there is no way to
/// listen, or while it is away, the poll of the engine does alone.
/// </summary>
internal sealed class Signals(PostgreSqlStoreOptions options, string schema, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private readonly CancellationTokenSource ended = new();
    private Action<StoreSignals>[] listeners = [];
    private Task? listening;
    private long told;

    /// <summary>Who tells: a store does not hear what it said itself, which its listeners were told already.</summary>
    public string Sender { get; } = System.Security.Cryptography.RandomNumberGenerator.GetHexString(16);

    /// <summary>How many signals there were so far, heard or of this store itself: as long as it stands still nobody said that anything had changed.</summary>
    public long Told => Interlocked.Read(ref told);

    /// <summary>The channel of a schema's signals.</summary>
    public static string Channel(string schema) => $"fairlead_{schema}";

    public IDisposable Add(Action<StoreSignals> listener)
    {
        lock (gate)
        {
            listeners = [.. listeners, listener];
            if (listening is null && options.Listens)
            {
                listening = ListenAsync();
            }
        }
        return new Listener(this, listener);
    }

    /// <summary>After a commit of this store.</summary>
    public void Committed(StoreSignals signals) => Tell(signals);

    public void Dispose()
    {
        ended.Cancel();
        lock (gate)
        {
            listeners = [];
        }
    }

    private async Task ListenAsync()
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                await ListenOnceAsync();
            }
            catch (Exception error) when (PostgreSqlFault.Is(error) || error is OperationCanceledException)
            {
                try
                {
                    await Task.Delay(s_again, time, ended.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private async Task ListenOnceAsync()
    {
        await using var connection = options.Connect(direct: true);
        await connection.OpenAsync(ended.Token);
        connection.Notification += (_, told) => Hear(told.Payload);
        await using (var command = new NpgsqlCommand($"LISTEN \"{Channel(schema)}\"", connection))
        {
            await command.ExecuteNonQueryAsync(ended.Token);
        }
        // What was told while nobody listened here is unknown.
        Tell(StoreSignals.Work | StoreSignals.Control | StoreSignals.Ended | StoreSignals.Schedules);
        while (true)
        {
            await connection.WaitAsync(ended.Token);
        }
    }

    /// <summary>What another store said: its signals as a number, and who it is.</summary>
    private void Hear(string payload)
    {
        var (signals, sender) = payload.Split(' ') is [var number, var id] ? (number, id) : (payload, "");
        if (sender != Sender)
        {
            Tell(int.TryParse(signals, CultureInfo.InvariantCulture, out var told) ? (StoreSignals)told : StoreSignals.Work);
        }
    }

    private void Tell(StoreSignals signals)
    {
        Interlocked.Increment(ref told);
        foreach (var listener in Volatile.Read(ref listeners))
        {
            try
            {
                listener(signals);
            }
            catch (Exception)
            {
                // This may be the writing thread: a listener's defect must not end the store for everybody else.
            }
        }
    }

    private sealed class Listener(Signals owner, Action<StoreSignals> listener) : IDisposable
    {
        public void Dispose()
        {
            lock (owner.gate)
            {
                var at = Array.IndexOf(owner.listeners, listener);
                if (at >= 0)
                {
                    owner.listeners = [.. owner.listeners[..at], .. owner.listeners[(at + 1)..]];
                }
            }
        }
    }
}
