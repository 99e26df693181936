using Fairlead.AspNetCore.Bodies;
using Fairlead.AspNetCore.Problems;
using Fairlead.AspNetCore.Requests;
using Fairlead.Diagnostics;
using Fairlead.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>Jobs and batches, one by one and listed.</summary>
internal static class JobEndpoints
{
    private const int LargestPage = 1000;
    private static readonly string[] Paging = ["cursor", "limit"];

    /// <summary><c>GET jobs/{id}</c>.</summary>
    public static async Task<IResult> GetAsync(ApiRequest request)
    {
        request.Query();
        return Answer.Json(await AttemptBody.WithAttemptsAsync(request.Store, await request.JobAsync(), request.Aborted), WireJson.Wire.JobBody);
    }

    /// <summary><c>GET jobs</c>: the newest first; the items of a batch, if one is named, in their order.</summary>
    public static async Task<IResult> ListAsync(ApiRequest request)
    {
        var query = request.Query(["queue", "status", "group", "batch", "batches", .. Paging]);
        var batch = query.Text("batch") is { } named ? await BatchAsync(request, named) : null as JobId?;
        return await PageAsync(request, query, new JobQuery
        {
            Queue = query.Text("queue"),
            Status = query.Status(),
            Group = query.Text("group"),
            Batch = batch,
            BatchesOnly = query.Flag("batches"),
            NewestFirst = batch is null,
        });
    }

    /// <summary><c>GET jobs/{id}/items</c>: in the order in which they were given.</summary>
    public static async Task<IResult> ItemsAsync(ApiRequest request)
    {
        var query = request.Query(["status", .. Paging]);
        var batch = await request.JobAsync();
        return await PageAsync(request, query, new JobQuery { Batch = batch.Id, Status = query.Status() });
    }

    /// <summary><c>GET jobs/{id}/log</c>: of a job, or of all items of a batch.</summary>
    public static async Task<IResult> LogAsync(ApiRequest request)
    {
        var query = request.Query("q", "after", "limit");
        var job = await request.JobAsync();
        var page = await request.Store.ReadLogAsync(
            job.Id, query.Number("after", 0, long.MaxValue) ?? 0, query.Whole("limit", 1, LargestPage) ?? LargestPage, query.Text("q"), request.Aborted);
        return Answer.Json(new LogPageBody([.. page.Lines.Select(LogLineBody.Of)], page.Next), WireJson.Wire.LogPageBody);
    }

    /// <summary><c>GET jobs/{id}/explain</c>.</summary>
    public static async Task<IResult> ExplainAsync(ApiRequest request)
    {
        request.Query();
        var explanation = await Explainer.ExplainAsync(request.Store, request.Id(), request.Time.GetUtcNow(), request.Aborted) ?? throw request.NoJob(request.Id());
        return Answer.Json(ExplanationBody.Of(explanation), WireJson.Wire.ExplanationBody);
    }

    /// <summary><c>POST jobs/{id}/cancel</c>.</summary>
    public static async Task<IResult> CancelAsync(ApiRequest request)
    {
        request.Query();
        var result = await request.Store.CancelAsync(request.Id(), request.Aborted) ?? throw request.NoJob(request.Id());
        return Answer.Json(new CancelledBody(request.Id().Value, result.Cancelled, result.Running), WireJson.Wire.CancelledBody);
    }

    /// <summary><c>POST jobs/{id}/retry</c>.</summary>
    public static async Task<IResult> RetryAsync(ApiRequest request)
    {
        request.Query();
        var retried = await request.Store.RetryAsync(request.Id(), request.Aborted) ?? throw request.NoJob(request.Id());
        return Answer.Json(new RetriedBody(request.Id().Value, retried), WireJson.Wire.RetriedBody);
    }

    private static async ValueTask<IResult> PageAsync(ApiRequest request, QueryOptions query, JobQuery jobs)
    {
        var page = await request.Store.ListJobsAsync(jobs with { Cursor = query.Cursor(), Limit = query.Whole("limit", 1, LargestPage) ?? 100 }, request.Aborted);
        return Answer.Json(new JobPageBody([.. page.Jobs.Select(static job => JobBody.Of(job))], page.Next?.Value), WireJson.Wire.JobPageBody);
    }

    /// <summary>A batch by its id or name.</summary>
    private static async ValueTask<JobId> BatchAsync(ApiRequest request, string named) =>
        await request.Store.FindBatchAsync(named, request.Aborted) is { } found ? found
        : JobId.TryParse(named, null, out var id) ? (await request.JobAsync(id)).Id
        : throw Problem.NotFound($"There is no batch '{named}'; batch expects a batch's id or name.");
}
