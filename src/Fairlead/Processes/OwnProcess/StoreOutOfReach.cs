using System.Reflection;
using Fairlead.Storage;

namespace Fairlead.Processes.OwnProcess;

/// <summary>
/// Stands where the store would be that lies in the memory of another process: whoever asks something of it is told so. Another empty memory
/// would take jobs and lose them.
/// </summary>
#pragma warning disable MA0053 // the proxy is a class derived from it
internal class StoreOutOfReach : DispatchProxy
#pragma warning restore MA0053
{
    private IJobStore? _like;

    /// <summary>Makes one that has the properties of <paramref name="store" />, and none of its verbs.</summary>
    public static IJobStore Like(IJobStore store)
    {
        var made = Create<IJobStore, StoreOutOfReach>();
        ((StoreOutOfReach)made)._like = store;
        return made;
    }

    /// <inheritdoc />
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod is { IsSpecialName: true } || targetMethod?.DeclaringType == typeof(IAsyncDisposable)
            ? targetMethod.Invoke(_like, args)
            : throw new InvalidOperationException(
                "This is a process of a queue with RunInOwnProcess: jobs, limits and keys are in the memory of the process that started it, and out of reach here. " +
                "Use a store that processes share, such as UseSqlite(\"Data Source=app.db\"), or leave RunInOwnProcess out; context.Enqueue(…) works everywhere.");
}
