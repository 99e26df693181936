namespace Fairlead.PostgreSql;

/// <summary>A job as its table takes it.</summary>
internal readonly record struct NewJobRow(Place Place, long EnqueuedAt, long? Deadline, string? UniqueKey, string? Extras, ReadOnlyMemory<byte> Payload);
