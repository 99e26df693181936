using System.Text.Json;
using Fairlead.AspNetCore.Bodies;
using Fairlead.AspNetCore.Problems;
using Fairlead.AspNetCore.Requests;
using Fairlead.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>What makes jobs: one, or a batch of them. Both are durable when they are answered.</summary>
internal static class EnqueueEndpoints
{
    /// <summary>A batch in one JSON body is held whole, beside its items.</summary>
    private const long LargestBatchBody = 64L << 20;

    /// <summary><c>POST queues/{queue}/jobs</c>: the body is the payload.</summary>
    public static async Task<IResult> JobAsync(ApiRequest request)
    {
        var query = request.Query([.. JobTerms.Names, "unique"]);
        var job = JobTerms.Read(query, request.Route("queue")) with { UniqueKey = query.Text("unique") };
        var queue = await new JobIntake(request.Store).QueueAsync(job.Queue, request.Aborted);
        job = job with { Payload = await PayloadAsync(request, queue) };
        var answer = (await request.Store.EnqueueAsync([NewJobRules.Check(job, queue)], request.Aborted))[0];
        return await AnswerAsync(request, answer);
    }

    /// <summary><c>POST queues/{queue}/batches</c>: one JSON object, or one item a line.</summary>
    public static async Task<IResult> BatchAsync(ApiRequest request)
    {
        var lines = RequestBody.IsNdjson(request.Http);
        var query = request.Query([.. JobTerms.Names, .. lines ? (string[])["name", "max_workers", "fail_on_error", "finalize"] : []]);
        var each = JobTerms.Read(query, request.Route("queue"));
        var intake = new JobIntake(request.Store);
        var queue = await intake.QueueAsync(each.Queue, request.Aborted);
        var items = new BatchItems(each, queue);
        var batch = lines ? await FromLinesAsync(request, query, items) : await FromObjectAsync(request, items);
        var id = await intake.EnqueueBatchAsync(batch with { Queue = queue.Name }, queue, request.Aborted);
        return await AnswerAsync(request, new EnqueuedJob(id, false));
    }

    private static async ValueTask<NewBatch> FromLinesAsync(ApiRequest request, QueryOptions query, BatchItems items)
    {
        var last = query.Text("finalize");
        var batch = new NewBatch
        {
            Name = query.Text("name"),
            Queue = "",
            Items = items.Jobs,
            Finalize = last is null ? null : new NewJob { Queue = last, Kind = new JobKind(last), Payload = JobPayload.Null },
            MaxParallel = query.Whole("max_workers", 1, int.MaxValue),
            FailOnError = query.Flag("fail_on_error"),
        };
        await items.ReadLinesAsync(request.Http);
        return batch;
    }

    private static async ValueTask<NewBatch> FromObjectAsync(ApiRequest request, BatchItems items)
    {
        var tooLarge = $"A batch in one JSON body has at most {SizeText.ForPeople(LargestBatchBody)}. Send its items as application/x-ndjson, one a line.";
        var body = BatchRequest.Read(await RequestBody.ReadJsonAsync(request.Http, LargestBatchBody, tooLarge));
        items.AddAll(body.Items);
        return new NewBatch
        {
            Name = body.Name,
            Queue = "",
            Items = items.Jobs,
            Finalize = body.Finalize,
            MaxParallel = body.MaxWorkers,
            FailOnError = body.FailOnError,
        };
    }

    private static async ValueTask<ReadOnlyMemory<byte>> PayloadAsync(ApiRequest request, QueueDefinition queue)
    {
        var tooLarge = $"Queue '{queue.Name}' takes payloads of at most {queue.MaxPayload:N0} bytes. Store it elsewhere and enqueue its address, or raise max_payload.";
        var body = await RequestBody.ReadJsonAsync(request.Http, queue.MaxPayload, tooLarge);
        try
        {
            return body.IsEmpty ? JobPayload.Null : JobPayload.Read(body);
        }
        catch (JsonException error)
        {
            throw Problem.Body($"The body is the payload and expects JSON. {error.Message}");
        }
    }

    /// <summary>202 for a job that is on its way, 200 for one that is answered: it was there before, or ended while the client waited.</summary>
    private static async ValueTask<IResult> AnswerAsync(ApiRequest request, EnqueuedJob answer)
    {
        var wait = Preference.Wait(request.Http.Request);
        var job = wait is { } atMost ? await EndWatch.WaitAsync(request, answer.Id, atMost) : await request.JobAsync(answer.Id);
        Preference.Applied(request.Http.Response, wait);
        request.Http.Response.Headers.Location = $"{request.Http.Request.PathBase}{FairleadRoutes.Prefix}/jobs/{job.Id}";
        var answered = answer.Existing || (wait is not null && job.Status.IsEnded());
        return Answer.Json(JobBody.Of(job), WireJson.Wire.JobBody, answered ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }
}
