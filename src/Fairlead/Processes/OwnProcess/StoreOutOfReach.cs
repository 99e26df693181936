using System.Reflection;
using Fairlead.Storage;

namespace Fairlead.Processes.OwnProcess;

/// <summary>
/// Stands where the store would be that lies in the memory of another process: whoever uses it is told so. Another empty memory would take
/// jobs and lose them.
/// </summary>
#pragma warning disable MA0053 // the proxy is a class derived from it
internal class StoreOutOfReach : DispatchProxy
#pragma warning restore MA0053
{
    /// <summary>Makes one.</summary>
    public static IJobStore Create() => Create<IJobStore, StoreOutOfReach>();

    /// <inheritdoc />
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => throw new InvalidOperationException(
        "This is a process of a queue with RunInOwnProcess: jobs and limits are in the memory of the process that started it, and out of reach here. " +
        "Use a store that processes share, such as UseSqlite(\"Data Source=app.db\"), or leave RunInOwnProcess out; context.Enqueue(…) works everywhere.");
}
