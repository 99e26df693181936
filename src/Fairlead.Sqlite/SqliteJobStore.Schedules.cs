using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Sqlite;

public sealed partial class SqliteJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<IReadOnlyList<ScheduleRecord>>([]);

    /// <inheritdoc />
    public ValueTask<ScheduleWriteResult> WriteScheduleAsync(ScheduleWrite write, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
