namespace Fairlead.Storage.InMemory;

/// <summary>The orders in which rows are indexed. Each ends with the id, so that no two rows are equal and every walk is the same.</summary>
internal static class RowOrder
{
    /// <summary>Higher priority first, then the order of enqueueing.</summary>
    public static readonly Comparer<JobRow> ByPriority = Comparer<JobRow>.Create(static (a, b) =>
        a.Priority != b.Priority ? b.Priority.CompareTo(a.Priority) : a.Id.CompareTo(b.Id));

    public static readonly Comparer<JobRow> ById = Comparer<JobRow>.Create(static (a, b) => a.Id.CompareTo(b.Id));

    public static readonly Comparer<JobRow> ByDue = Comparer<JobRow>.Create(static (a, b) => Then(a.DueAt.CompareTo(b.DueAt), a, b));

    public static readonly Comparer<JobRow> ByDeadline = Comparer<JobRow>.Create(static (a, b) => Then(a.Deadline.CompareTo(b.Deadline), a, b));

    public static readonly Comparer<JobRow> ByEnd = Comparer<JobRow>.Create(static (a, b) => Then(a.EndedAt.CompareTo(b.EndedAt), a, b));

    /// <summary>The group that goes next first.</summary>
    public static readonly Comparer<GroupRow> ByTag = Comparer<GroupRow>.Create(static (a, b) =>
        a.State.Tag != b.State.Tag ? a.State.Tag.CompareTo(b.State.Tag) : a.Number.CompareTo(b.Number));

    public static readonly Comparer<GroupRow> ByWake = Comparer<GroupRow>.Create(static (a, b) =>
        a.WakeAt != b.WakeAt ? Nullable.Compare(a.WakeAt, b.WakeAt) : a.Number.CompareTo(b.Number));

    /// <summary>The key that is forgotten first.</summary>
    public static readonly Comparer<KeyRow> ByExpiry = Comparer<KeyRow>.Create(static (a, b) =>
        Nullable.Compare(a.ExpiresAt, b.ExpiresAt) is not 0 and var byTime ? byTime
        : string.CompareOrdinal(a.Scope, b.Scope) is not 0 and var byScope ? byScope
        : string.CompareOrdinal(a.Key, b.Key));

    private static int Then(int first, JobRow a, JobRow b) => first != 0 ? first : a.Id.CompareTo(b.Id);
}
