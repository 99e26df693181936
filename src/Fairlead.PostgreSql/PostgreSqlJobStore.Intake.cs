using System.Data.Common;
using Fairlead.Storage;
using Npgsql;


namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Enqueue(session, jobs), cancellationToken, jobs.Count);

    /// <inheritdoc />
    public ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default)
    {
        RequireItems(batch);
        return WriteAsync(session => session.AddBatch(batch), cancellationToken, batch.Items.Count);
    }

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, DbTransaction transaction, CancellationToken cancellationToken = default) =>
        new(WriteInside(transaction, session => Enqueue(session, jobs)));

    /// <inheritdoc />
    public ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, DbTransaction transaction, CancellationToken cancellationToken = default)
    {
        RequireItems(batch);
        return new(WriteInside(transaction, session => session.AddBatch(batch)));
    }

    private static IReadOnlyList<EnqueuedJob> Enqueue(Session session, IReadOnlyList<NewJob> jobs)
    {
        var answers = new EnqueuedJob[jobs.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = session.AddJob(jobs[i], strict: true);
        }
        return answers;
    }

    private static void RequireItems(NewBatch batch)
    {
        if (batch.Items.Count == 0)
        {
            throw new ArgumentException("A batch needs at least one item; this one has none.", nameof(batch));
        }
    }

    private T WriteInside<T>(DbTransaction transaction, Func<Session, T> work)
    {
        var sql = new Statements(RequireOwn(transaction), texts);
        try
        {
            sql["take_turn"].Add($"{(long)options.IdleInTransaction.TotalMilliseconds}").Add(texts.Schema).Run();
            var session = new Session(sql, names, definitions, clock.Time(sql));
            session.BeginOperation();
            var answer = work(session);
            session.EndOperation();
            sql.Flush();
            return answer;
        }
        catch (Exception error) when (PostgreSqlFault.Is(error))
        {
            throw PostgreSqlFault.ForUser(error, Description);
        }
    }

    private NpgsqlConnection RequireOwn(DbTransaction transaction) => transaction.Connection as NpgsqlConnection
        ?? throw new ArgumentException($"Expected an open NpgsqlTransaction on '{Description}'; got {transaction.GetType().Name} of {transaction.Connection?.GetType().Name ?? "no connection (it has ended)"}.", nameof(transaction));
}
