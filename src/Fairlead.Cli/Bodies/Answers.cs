namespace Fairlead.Cli.Bodies;

/// <summary>The last line of <c>run --json</c>; the shape is fixed.</summary>
internal sealed record RunBody(
    string Name, long Id, string Status, long TotalItems, long SuccessCount, long ErrorCount, long TimedOutCount, double ElapsedSeconds, double BoundSeconds);

/// <summary>One line of <c>doctor --json</c>.</summary>
internal sealed record CheckBody(string Check, bool Ok, string Found);

/// <summary>One line of <c>bench --json</c>.</summary>
internal sealed record MeasureBody(string Measure, double PerSecond, double? FloorPerSecond, double? OfFloor);
