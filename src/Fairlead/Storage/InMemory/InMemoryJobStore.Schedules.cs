using Fairlead.Schedules;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<IReadOnlyList<ScheduleRecord>>([]);

    /// <inheritdoc />
    public ValueTask<ScheduleWriteResult> WriteScheduleAsync(ScheduleWrite write, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
