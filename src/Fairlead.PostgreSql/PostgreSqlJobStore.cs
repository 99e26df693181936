using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// A store in one schema of a PostgreSQL database, for any number of nodes. Every change of a node goes through one writing thread with group commit, and
/// the transactions of all nodes follow one after the other; reads have connections of their own.
/// </summary>
public sealed partial class PostgreSqlJobStore : IJobStore, ITransactionalIntake, ITransactionalKeys
{
    private readonly PostgreSqlStoreOptions options;
    private readonly SqlText texts;
    private readonly TimeProvider time;
    private readonly StoreClock clock;
    private readonly NameTable names = new();
    private readonly DefinitionCache definitions = new();
    private readonly Lock gate = new();
    private readonly ArrivalHorizon arrivals = new();
    private readonly ReaderPool readers;
    private readonly Signals signals;
    private readonly StripeWait stripes;
    private PostgreSqlWriter? writer;
    private long identity;
    private bool disposed;

    /// <summary>A store at a connection string or URL, which is opened by <see cref="OpenAsync" />.</summary>
    /// <param name="connectionString">A connection string of Npgsql, or <c>postgres://user:password@host:5432/database?schema=fairlead</c>.</param>
    public PostgreSqlJobStore(string connectionString)
        : this(PostgreSqlUrl.ToOptions(connectionString))
    {
    }

    /// <summary>A store as the options say, which is opened by <see cref="OpenAsync" />. Its clock is the server's.</summary>
    /// <param name="options">Where it lives and how it is reached.</param>
    public PostgreSqlJobStore(PostgreSqlStoreOptions options)
        : this(options, null, TimeProvider.System)
    {
    }

    /// <summary>The same with another clock in place of the server's: for tests.</summary>
    internal PostgreSqlJobStore(PostgreSqlStoreOptions options, TimeProvider? clock, TimeProvider time)
    {
        this.options = options.Check();
        // Who cannot hear of work looks for it more often.
        // Sweeps are frequent, since they ask nothing while no lease can have ended: what a dead node ran goes on so much sooner.
        Traits = new(Heartbeat: TimeSpan.FromSeconds(2), Sweep: TimeSpan.FromMilliseconds(250), Poll: TimeSpan.FromSeconds(options.Listens ? 5 : 1));
        this.time = time;
        this.clock = new StoreClock(clock);
        leases = new KnownLeases(this.clock.Watch);
        texts = new SqlText(options.Schema);
        readers = new ReaderPool(options, texts, Description);
        stripes = new StripeWait(options, texts);
        signals = new Signals(options, options.Schema, time);
    }

    /// <inheritdoc />
    public string Description => PostgreSqlUrl.Describe(options);

    /// <inheritdoc />
    public StoreTraits Traits { get; }

    /// <summary>Transactions, round trips and statements of the writer so far, for the figures.</summary>
    internal (long Commits, long RoundTrips, long Statements) Work => Writer.Work;

    private PostgreSqlWriter Writer => writer ?? throw new InvalidOperationException("The store is not open: call OpenAsync first.");

    /// <inheritdoc />
    public ValueTask OpenAsync(CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            writer ??= OpenWriter();
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
        return default;
    }

    private PostgreSqlWriter OpenWriter()
    {
        var connection = new WriterConnection(options, texts, clock, arrivals, Description, signals.Sender);
        try
        {
            Migrator.Migrate(connection.Open().Connection, texts, Description);
            identity = connection.Open()["counter"].Add("identity").Number() ?? throw new StoreMismatchException("The store's identity is missing.");
        }
        catch (Exception error)
        {
            connection.Dispose();
            throw PostgreSqlFault.Is(error) ? PostgreSqlFault.ForUser(error, Description) : error;
        }
        return new PostgreSqlWriter(connection, names, definitions, arrivals, stripes, signals.Committed);
    }

    private ValueTask<T> WriteAsync<T>(Func<Session, T> work, CancellationToken cancellationToken, int rows = 1, Action<Statements, bool>? ahead = null) =>
        Writer.WriteAsync(work, rows, cancellationToken, ahead);

    private async ValueTask WriteAsync(Action<Session> work, CancellationToken cancellationToken, int rows = 1) =>
        await Writer.WriteAsync(session => { work(session); return true; }, rows, cancellationToken);

    /// <summary>One question of the loops, on the connection whose plans go by keys.</summary>
    private ValueTask<T> AskAloneAsync<T>(Func<Statements, Statement> question, Func<Statement, T> read, CancellationToken cancellationToken)
    {
        Statement? row = null;
        return Writer.AskAsync(
            sql =>
            {
                // Answered here: a connection that was lost is found out where the question may be asked again.
                _ = (row = question(sql)).Count;
                return null;
            },
            _ => read(row!), cancellationToken);
    }

    private T Read<T>(Func<Statements, T> work)
    {
        _ = Writer;
        return readers.Read(work);
    }

    /// <summary>One question needs no transaction around it.</summary>
    private T Ask<T>(Func<Statements, T> question)
    {
        _ = Writer;
        return readers.Ask(question);
    }
}
