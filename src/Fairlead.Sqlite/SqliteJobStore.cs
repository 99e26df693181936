using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>
/// A store in one SQLite file, for any number of processes. Every change goes through one writing thread with group commit; reads have
/// connections of their own. Beside the file lie its write-ahead log, two lock files, and a folder with a lock per node.
/// </summary>
public sealed partial class SqliteJobStore : IJobStore, ITransactionalIntake, ITransactionalKeys
{
    private readonly DatabaseFile file;
    private readonly TimeProvider time;
    private readonly NameTable names = new();
    private readonly DefinitionCache definitions = new();
    private readonly Lock gate = new();
    private readonly ReaderPool readers;
    private readonly Signals signals;
    private SqliteWriter? writer;
    private bool disposed;

    /// <summary>A store in the file at a path or connection string, which is opened by <see cref="OpenAsync" />.</summary>
    /// <param name="connectionString">A path, or a connection string with <c>Data Source=</c>.</param>
    /// <param name="clock">The store's clock; leases, due times and deadlines go by it.</param>
    public SqliteJobStore(string connectionString, TimeProvider clock)
        : this(new SqliteStoreOptions { ConnectionString = connectionString }, clock)
    {
    }

    /// <summary>A store as the options say, which is opened by <see cref="OpenAsync" />.</summary>
    /// <param name="options">Where it lives and how careful it is.</param>
    /// <param name="clock">The store's clock; leases, due times and deadlines go by it.</param>
    public SqliteJobStore(SqliteStoreOptions options, TimeProvider clock)
    {
        file = new DatabaseFile(options);
        time = clock;
        readers = new ReaderPool(file);
        signals = new Signals(file, clock, () => writer?.Commits ?? 0);
    }

    /// <inheritdoc />
    public string Description => "sqlite:" + file.Path;

    /// <inheritdoc />
    public StoreTraits Traits { get; } = new(TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(2));

    /// <summary>How many transactions have changed something, for the figures.</summary>
    internal long Commits => Writer.Commits;

    private SqliteWriter Writer => writer ?? throw new InvalidOperationException("The store is not open: call OpenAsync first.");

    /// <inheritdoc />
    public ValueTask OpenAsync(CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            writer ??= new SqliteWriter(file, time, names, definitions, signals.Committed);
        }
        return default;
    }

    /// <inheritdoc />
    public IDisposable Listen(Action<StoreSignals> onSignal) => signals.Add(onSignal);

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (disposed)
            {
                return default;
            }
            disposed = true;
        }
        // The writer first: what it still commits is told to the listeners.
        writer?.Dispose();
        signals.Dispose();
        readers.Dispose();
        DropNodeLocks();
        return default;
    }

    /// <summary>Completed when the writer has taken a group: for tests that stall it there.</summary>
    internal Task WritingAsync() => (Writer.Taken ?? throw new InvalidOperationException("Nothing is watched.")).Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);

    /// <summary>Begins to watch for <see cref="WritingAsync" />.</summary>
    internal void WatchWriting() => Writer.Taken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ValueTask<T> WriteAsync<T>(Func<Session, T> work, CancellationToken cancellationToken, int rows = 1) =>
        Writer.WriteAsync(work, rows, cancellationToken);

    private async ValueTask WriteAsync(Action<Session> work, CancellationToken cancellationToken, int rows = 1) =>
        await Writer.WriteAsync(session => { work(session); return true; }, rows, cancellationToken);

    private T Read<T>(Func<Statements, T> work)
    {
        _ = Writer;
        return readers.Read(work);
    }
}
