using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One line of a job's log.</summary>
internal sealed record LogLineBody(long Job, long Fence, DateTimeOffset At, string Level, string Message)
{
    public static LogLineBody Of(JobLogLine line) => new(line.Attempt.Job.Value, line.Attempt.Fence, line.At, line.Level.ToString().ToLowerInvariant(), line.Message);
}

/// <summary>A page of a log, the body of <c>GET jobs/{id}/log</c>.</summary>
internal sealed record LogPageBody(IReadOnlyList<LogLineBody> Lines, long Next);
