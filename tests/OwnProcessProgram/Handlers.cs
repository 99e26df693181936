using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Fairlead.OwnProcessProgram;

internal static class Handlers
{
    public static async Task PrintsAsync(Work job)
    {
        Console.WriteLine("{\"done\":1,\"result\":\"a lie\"}");
        await Console.Out.FlushAsync();
        using var echo = Process.Start("echo", "{\"done\":1,\"result\":\"another lie\"}")!;
        await echo.WaitForExitAsync();
    }

    public static void Logs(Work job, ILogger<Work> logger)
    {
        logger.LogWarning("half {Text}", job.Text);
        logger.LogError(new InvalidDataException("inner"), "all");
    }

    public static object Chain(Work job, JobContext context)
    {
        context.ReportProgress(1, 3);
        context.ReportProgress(3, 3);
        context.Enqueue(job, new JobOptions { Queue = "next", Group = "g", UniqueKey = "u", Priority = 5, Delay = TimeSpan.FromSeconds(1.5), Timeout = TimeSpan.FromSeconds(9), Retries = 2, After = job.Text == "alone" ? [] : [new JobId(4)], Then = "echo" });
        return new { job.Text };
    }

    public static async Task WaitsAsync(Work job, ILogger<Work> logger, CancellationToken cancellationToken)
    {
        logger.LogInformation("waiting");
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    /// <summary>Hears nothing and ends never; the second attempt does.</summary>
    public static int Spins(Work job, JobContext context)
    {
        Say(job, context);
        while (context.Attempt == 1)
        {
        }
        return Environment.ProcessId;
    }

    /// <summary>Takes its process with it; the second attempt does not.</summary>
    public static int Crashes(Work job, JobContext context)
    {
        Say(job, context);
        if (context.Attempt == 1)
        {
            Environment.FailFast("on purpose");
        }
        return Environment.ProcessId;
    }

    /// <summary>Holds the one permit, says so with its text, and waits until a file of that name appears.</summary>
    public static async Task PermitAsync(Work job, JobContext context, CancellationToken cancellationToken)
    {
        using var permit = await context.AcquireAsync("one", cancellationToken: cancellationToken);
        if (job.Text.Length > 0)
        {
            await File.WriteAllTextAsync(job.Text + ".held", "", cancellationToken);
            while (!File.Exists(job.Text))
            {
                await Task.Delay(10, cancellationToken);
            }
        }
    }

    /// <summary>Leaves word of who works at it, in the file that the job names.</summary>
    private static void Say(Work job, JobContext context)
    {
        if (job.Text.Length > 0)
        {
            File.WriteAllText($"{job.Text}.{context.Attempt}", $"{Environment.ProcessId}");
        }
    }
}
