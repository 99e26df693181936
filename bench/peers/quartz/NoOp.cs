using Quartz;

namespace QuartzPeer;

/// <summary>A job that does nothing and is counted.</summary>
public sealed class NoOp : IJob
{
    private static readonly TaskCompletionSource s_all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private static int s_ran;
    private static int s_jobs = int.MaxValue;

    /// <summary>Completed when so many were run.</summary>
    public static Task RanAsync(int jobs)
    {
        Volatile.Write(ref s_jobs, jobs);
        Look(Volatile.Read(ref s_ran));
        return s_all.Task;
    }

    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        Look(Interlocked.Increment(ref s_ran));
        return default;
    }

    private static void Look(int ran)
    {
        if (ran >= Volatile.Read(ref s_jobs))
        {
            s_all.TrySetResult();
        }
    }
}
