using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>One call that waits for its place in a transaction. Its caller hears nothing before the commit.</summary>
internal abstract class WriteOperation(int rows)
{
    /// <summary>About how many rows it touches.</summary>
    public int Rows { get; } = Math.Max(1, rows);

    /// <summary>The jobs it adds, if it does nothing else: what they need is asked for together with others'.</summary>
    public IReadOnlyList<NewJob> Jobs { get; init; } = [];

    /// <summary>
    /// Its one statement, where that needs neither the turn nor a transaction around it: asks it and gives the store's time as it was answered, or null. It may be
    /// carried out twice.
    /// </summary>
    public Func<Statements, DateTimeOffset?>? Alone { get; init; }

    /// <summary>Why it did not happen; null when it did.</summary>
    public Exception? Error { get; private set; }

    /// <summary>False when it was cancelled before it began; afterwards it cannot be.</summary>
    public abstract bool Begin();

    /// <summary>It did not happen, and waits again: until it begins anew it may be cancelled.</summary>
    public abstract void Again();

    /// <summary>Asks what its work will ask first, with the beginning of the transaction; only for the first one in it. <paramref name="again" />: jobs have come in since it asked.</summary>
    public abstract void AskAhead(Statements sql, bool again);

    public abstract void Do(Session session);

    public void Failed(Exception error) => Error ??= error;

    public abstract void Answer();
}

/// <inheritdoc />
internal sealed class WriteOperation<T> : WriteOperation
{
    private readonly Func<Session, T> work;
    private readonly Action<Statements, bool>? ahead;
    private readonly TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration cancellation;
    private int begun;
    private T? result;

    public WriteOperation(Func<Session, T> work, Action<Statements, bool>? ahead, int rows, CancellationToken cancellationToken)
        : base(rows)
    {
        (this.work, this.ahead) = (work, ahead);
        cancellation = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static (self, token) => ((WriteOperation<T>)self!).Cancel(token), this)
            : default;
    }

    public Task<T> Task => answer.Task;

    public override bool Begin() => Interlocked.Exchange(ref begun, 1) == 0;

    public override void Again() => Volatile.Write(ref begun, 0);

    public override void AskAhead(Statements sql, bool again) => ahead?.Invoke(sql, again);

    public override void Do(Session session) => result = work(session);

    public override void Answer()
    {
        cancellation.Unregister();
        if (Error is null)
        {
            answer.TrySetResult(result!);
        }
        else
        {
            answer.TrySetException(Error);
        }
    }

    private void Cancel(CancellationToken token)
    {
        if (Begin())
        {
            answer.TrySetCanceled(token);
        }
    }
}
