using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.OwnProcessProgram;

internal static class Setup
{
    /// <summary>Jobs and queue of the program; the store is the file that <c>OWN_DB</c> names, else memory.</summary>
    public static IServiceCollection Add(IServiceCollection services) => services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromSeconds(1)).AddFairlead(f =>
    {
        _ = Environment.GetEnvironmentVariable("OWN_DB") is { } file ? f.UseSqlite(file) : f.UseInMemory();
        f.AddLimit("one", Limit.Concurrent(1))
            .AddQueue("own", q =>
            {
                q.KillAfter = TimeSpan.FromSeconds(1);
                q.BackoffFirst = TimeSpan.FromMilliseconds(10);
                q.MaxPayload = 100_000;
                q.RunInOwnProcess(p => (p.MaxPerNode, p.Prefetch) = (2, int.Parse(Environment.GetEnvironmentVariable("OWN_PREFETCH") ?? "1")));
            })
            .AddQueue("here", q => q.MaxConcurrent = 4)
            .AddJob("noop", (Work _) => { }, "own")
            .AddJob("echo", (Work job, JobContext context) => new Told(job.Text, Environment.ProcessId, context.Job.Group, context.Job.Parent?.Value, context.Attempt, context.Fence), "own")
            .AddJob("where", (Work _) => Environment.ProcessId, "here")
            .AddJob("prints", Handlers.PrintsAsync, "own")
            .AddJob("reads", async (Work _) => await Console.In.ReadToEndAsync(), "own")
            .AddJob("logs", Handlers.Logs, "own")
            .AddJob("chain", Handlers.Chain, "own")
            .AddJob("fails", (Work job) => { throw job.Text switch { "later" => new JobDeferredException(TimeSpan.FromSeconds(7), "too early"), "never" => new JobFailedException("no use"), _ => new InvalidDataException(job.Text) }; }, "own")
            .AddJob("big", (Work job) => new string('x', int.Parse(job.Text)), "own")
            .AddJob("waits", Handlers.WaitsAsync, "own")
            .AddJob("spins", Handlers.Spins, "own")
            .AddJob("crashes", Handlers.Crashes, "own")
            .AddJob("permit", Handlers.PermitAsync, "own")
            .AddJob("once", async (Work job, JobContext context) => (await context.Once(job.Text)).IsNew, "own")
            .AddJob("enqueues", async (Work job, JobClient jobs, CancellationToken ct) => (await jobs.EnqueueAsync(job, new JobOptions { Queue = "here" }, ct)).Id.Value, "own")
            .AddMiddleware<Counted>()
            .RunWorkers();
    });
}

internal sealed record Work(string Text);

internal sealed record Told(string Text, int Pid, string? Group, long? Parent, int Attempt, long Fence);

/// <summary>Stands for all that a program starts with its host: in a process of a queue, none of it may start.</summary>
internal sealed class Mark : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Console.Error.WriteLine("A HOSTED SERVICE WAS STARTED");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

internal sealed class Counted(ILogger<Counted> logger) : IJobMiddleware
{
    public async Task InvokeAsync(JobContext context, Func<Task> next, CancellationToken cancellationToken)
    {
        if (context.Job.Kind.Name == "logs")
        {
            logger.LogDebug("around");
            logger.LogInformation("before {Kind}", context.Job.Kind.Name);
        }
        await next();
    }
}
