using System.Globalization;
using System.Net;
using System.Security.Cryptography;

namespace Fairlead.Samples.PriceUpdate;

/// <summary>
/// Starts batches of updates. Who asks with <c>Prefer: wait=300</c> is answered when the batch has ended, at most so many seconds later; who does
/// not is answered at once. That is all the difference there is: the batch is the same, and goes on when its caller has gone.
/// </summary>
internal sealed partial class BatchUpdates(JobClient jobs, MachineTable machines, TimeProvider time, ILogger<BatchUpdates> logger)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary><c>POST /api/v1/batch-update</c>.</summary>
    public async Task<IResult> PostAsync(HttpRequest http)
    {
        var (request, problem) = await BatchUpdateRequest.ReadAsync(http);
        problem ??= await TooManyWorkersAsync(request!, http.HttpContext.RequestAborted);
        if (problem is not null)
        {
            return Results.Problem(problem, statusCode: (int)HttpStatusCode.BadRequest);
        }
        var due = machines.ListDue(time.GetUtcNow() - TimeSpan.FromDays(request!.DaysThreshold), request.Limit);
        if (due.Count == 0)
        {
            return Results.Ok(new { total_machines = 0, detail = $"No price is {request.DaysThreshold} days old." });
        }
        var batch = await StartAsync(request, due);
        var state = await WaitAsync(batch, WaitOf(http), http.HttpContext.RequestAborted);
        var body = BatchUpdateBody.Of(state);
        return state.Status.IsEnded() ? Results.Ok(body) : Results.Accepted(body.Links.Job, body);
    }

    /// <summary>Not cancelled with its caller: a batch is started or it is not.</summary>
    private async Task<JobId> StartAsync(BatchUpdateRequest request, IReadOnlyList<Machine> due)
    {
        var options = new BatchOptions { Name = NewName(), MaxParallel = request.MaxWorkers };
        var batch = await jobs.EnqueueBatchAsync(due.Select(machine => UpdatePrice.Of(machine, request.UseScrapfly)), options);
        LogStarting(options.Name!, batch.Id, due.Count, request.MaxWorkers);
        return batch.Id;
    }

    /// <summary>A batch that asks for more than the queue allows would get less than it asked for, and nobody would know why.</summary>
    private async Task<string?> TooManyWorkersAsync(BatchUpdateRequest request, CancellationToken cancellationToken)
    {
        var queues = await jobs.Store.ListQueuesAsync(cancellationToken);
        return queues.FirstOrDefault(static queue => queue.Name == UpdatePrice.Queue)?.InForce?.MaxConcurrent is { } most && request.MaxWorkers > most
            ? $"max_workers expects 1 to {most}, which is what queue '{UpdatePrice.Queue}' runs at once; got {request.MaxWorkers}. To allow more: PATCH /api/v1/queues/{UpdatePrice.Queue} {{\"max_concurrent\":{request.MaxWorkers}}}."
            : null;
    }

    private async Task<Job> WaitAsync(JobId batch, TimeSpan atMost, CancellationToken gone)
    {
        using var over = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, gone);
        try
        {
            return await jobs.WaitAsync(batch, either.Token);
        }
        catch (OperationCanceledException)
        {
            return (await jobs.GetAsync(batch, CancellationToken.None))!;
        }
    }

    /// <summary><c>Prefer: wait=300</c> (RFC 7240), in seconds; zero without.</summary>
    private static TimeSpan WaitOf(HttpRequest http)
    {
        var asked = http.Headers["Prefer"].SelectMany(static line => line!.Split(',', StringSplitOptions.TrimEntries)).FirstOrDefault(static word => word.StartsWith("wait=", StringComparison.OrdinalIgnoreCase));
        return int.TryParse(asked?["wait=".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(Math.Min(seconds, LongestWait.TotalSeconds)) : TimeSpan.Zero;
    }

    /// <summary>Such as <c>batch_20250806_030023_901652f0</c>.</summary>
    private string NewName() => string.Create(CultureInfo.InvariantCulture, $"batch_{time.GetUtcNow():yyyyMMdd_HHmmss}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}");

    [LoggerMessage(1, LogLevel.Information, "{Name} (job {Batch}): Starting concurrent processing of {Machines} machines with {Workers} workers")]
    private partial void LogStarting(string name, JobId batch, int machines, int workers);
}
