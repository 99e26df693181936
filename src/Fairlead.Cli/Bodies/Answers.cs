namespace Fairlead.Cli.Bodies;

/// <summary>The last line of <c>run --json</c>; the shape is fixed.</summary>
internal sealed record RunBody(
    string Name, long Id, string Status, long TotalItems, long SuccessCount, long ErrorCount, long TimedOutCount, double ElapsedSeconds, double BoundSeconds);

/// <summary>The answer to <c>enqueue --json</c>.</summary>
internal sealed record EnqueuedBody(long Id, bool Existing);

/// <summary>The answer to <c>cancel --json</c>.</summary>
internal sealed record CancelledBody(long Id, int Cancelled, int Running);

/// <summary>The answer to <c>retry --json</c>.</summary>
internal sealed record RetriedBody(long Id, int Retried);

/// <summary>One line of <c>doctor --json</c>.</summary>
internal sealed record CheckBody(string Check, bool Ok, string Found);

/// <summary>One line of <c>bench --json</c>.</summary>
internal sealed record MeasureBody(string Measure, double PerSecond, double? FloorPerSecond, double? OfFloor);
