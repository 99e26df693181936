using System.Data.Common;
using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Sqlite;

public sealed partial class SqliteJobStore
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

    // The caller's transaction commits when it likes: nothing is remembered of names that may be rolled back, and listeners look often for a while.
    private T WriteInside<T>(DbTransaction transaction, Func<Session, T> work)
    {
        var connection = RequireOwn(transaction);
        using var statements = new Statements(connection.Handle!);
        statements.Execute("SAVEPOINT fairlead");
        try
        {
            var session = new Session(statements, names, definitions, time.GetUtcNow());
            session.BeginOperation();
            var answer = work(session);
            session.EndOperation();
            statements.ResetActive();
            statements.Execute("RELEASE fairlead");
            signals.Expect();
            return answer;
        }
        catch (Exception error)
        {
            statements.ResetActive();
            if (statements.InTransaction)
            {
                statements.Execute("ROLLBACK TO fairlead; RELEASE fairlead");
            }
            if (error is SqliteFault fault)
            {
                throw fault.ForUser(file.Path);
            }
            throw;
        }
    }

    private SqliteConnection RequireOwn(DbTransaction transaction)
    {
        if (transaction.Connection is not SqliteConnection connection)
        {
            throw new ArgumentException($"Expected an open SqliteTransaction on '{file.Path}'; got {transaction.GetType().Name} of {transaction.Connection?.GetType().Name ?? "no connection (it has ended)"}.", nameof(transaction));
        }
        var path = SQLitePCL.raw.sqlite3_db_filename(connection.Handle!, "main").utf8_to_string();
        return string.Equals(path, file.Path, StringComparison.Ordinal) || SameFile(path) ? connection
            : throw new ArgumentException($"The transaction is of '{path}', but this store's database is '{file.Path}'.", nameof(transaction));
    }

    private bool SameFile(string? path) => !string.IsNullOrEmpty(path) && RealPath(path) == RealPath(file.Path);

    private static string RealPath(string path)
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var target = folder.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder.FullName;
        return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.Combine(target, Path.GetFileName(path));
    }
}
