using Fairlead.Schedules;

namespace Fairlead.Storage.InMemory;

/// <summary>A schedule as the store keeps it.</summary>
internal sealed class ScheduleRow(ScheduleDefinition definition, string text, ScheduleState state)
{
    public ScheduleDefinition Definition = definition;

    /// <summary>The definition as text: two are the same when their texts are.</summary>
    public string Text = text;
    public ScheduleState State = state;
    public long Revision = 1;
}
