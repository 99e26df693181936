using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Engine;

/// <summary>Runs handlers in this process, each attempt in a service scope of its own. It can ask a handler to stop, not end it.</summary>
internal sealed class InProcessWorker(JobRegistry registry, IServiceScopeFactory scopes, IReadOnlyList<Type> middleware) : IWorker
{
    public bool EndsWork => false;

    public async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        var entry = registry.Find(attempt.Job.Kind);
        if (entry is null)
        {
            return new WorkResult.Failed($"This program has no handler for '{attempt.Job.Kind}'.");
        }
        await using var scope = scopes.CreateAsyncScope();
        var context = new JobContext(attempt, registry, scope.ServiceProvider);
        using var logged = JobLogScope.Enter(attempt);
        JobContext.Current = context;
        try
        {
            var payload = entry.Read(attempt.Job.Payload, attempt.Job.Kind.Version, registry.Json);
            var result = await InvokeAsync(entry, payload, context, cancellationToken);
            return new WorkResult.Completed(result) { Enqueue = context.Enqueued };
        }
        catch (JobDeferredException deferred)
        {
            return new WorkResult.Deferred(deferred.Delay, deferred.Message);
        }
        catch (JobFailedException final)
        {
            return new WorkResult.Failed(final.Message, Retryable: false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new WorkResult.Stopped();
        }
#pragma warning disable CA1031 // whatever user code throws is the attempt's end, not the engine's
        catch (Exception error)
#pragma warning restore CA1031
        {
            return new WorkResult.Failed(error.ToString());
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> InvokeAsync(JobEntry entry, object payload, JobContext context, CancellationToken cancellationToken)
    {
        if (middleware.Count == 0)
        {
            return await entry.Run(payload, context, registry.Json, cancellationToken);
        }
        ReadOnlyMemory<byte> result = default;
        Func<Task> next = async () => result = await entry.Run(payload, context, registry.Json, cancellationToken);
        for (var i = middleware.Count - 1; i >= 0; i--)
        {
            var step = (IJobMiddleware)context.Services.GetRequiredService(middleware[i]);
            var inner = next;
            next = () => step.InvokeAsync(context, inner, cancellationToken);
        }
        await next();
        return result;
    }
}
