using Fairlead.AspNetCore.Endpoints;
using Fairlead.AspNetCore.Requests;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore;

/// <summary>An endpoint: a request in, an answer out, or an exception that becomes a problem.</summary>
internal delegate Task<IResult> ApiEndpoint(ApiRequest request);

/// <summary>Every route below <c>/api/v1</c>.</summary>
internal static class FairleadRoutes
{
    public const string Prefix = "/api/v1";

    public static IReadOnlyList<ApiRoute> All { get; } =
    [
        new("POST", "queues/{queue}/jobs", EnqueueEndpoints.JobAsync),
        new("POST", "queues/{queue}/batches", EnqueueEndpoints.BatchAsync),
        new("GET", "jobs", JobEndpoints.ListAsync),
        new("GET", "jobs/{id}", JobEndpoints.GetAsync),
        new("GET", "jobs/{id}/items", JobEndpoints.ItemsAsync),
        new("GET", "jobs/{id}/log", JobEndpoints.LogAsync),
        new("GET", "jobs/{id}/explain", JobEndpoints.ExplainAsync),
        new("POST", "jobs/{id}/cancel", JobEndpoints.CancelAsync),
        new("POST", "jobs/{id}/retry", JobEndpoints.RetryAsync),
        new("GET", "queues", QueueEndpoints.ListAsync),
        new("PATCH", "queues/{queue}", QueueEndpoints.ChangeAsync),
        new("POST", "queues/{queue}/pause", QueueEndpoints.PauseAsync),
        new("POST", "queues/{queue}/resume", QueueEndpoints.ResumeAsync),
        new("POST", "queues/{queue}/reset", QueueEndpoints.ResetAsync),
        new("GET", "workers", WorkerEndpoints.ListAsync),
        new("DELETE", "workers", WorkerEndpoints.EndAllAsync),
        new("DELETE", "workers/{id}", WorkerEndpoints.EndAsync),
        new("GET", "schedules", ScheduleEndpoints.ListAsync),
        new("GET", "schedules/{name}", ScheduleEndpoints.GetAsync),
        new("POST", "schedules/{name}/trigger", ScheduleEndpoints.TriggerAsync),
        new("POST", "schedules/{name}/pause", ScheduleEndpoints.PauseAsync),
        new("POST", "schedules/{name}/resume", ScheduleEndpoints.ResumeAsync),
        new("GET", "cycles", ScheduleEndpoints.CyclesAsync),
        new("GET", "stats", FlowEndpoints.StatsAsync),
        new("GET", "groups", FlowEndpoints.GroupsAsync),
        new("GET", "breakers", FlowEndpoints.BreakersAsync),
        new("GET", "limits", FlowEndpoints.LimitsAsync),
    ];
}

/// <summary>One route.</summary>
/// <param name="Method">Its method; <c>GET</c> answers <c>HEAD</c>, too.</param>
/// <param name="Pattern">Below <see cref="FairleadRoutes.Prefix" />.</param>
/// <param name="Endpoint">What answers.</param>
internal sealed record ApiRoute(string Method, string Pattern, ApiEndpoint Endpoint)
{
    public string[] Methods => Method == HttpMethods.Get ? [HttpMethods.Get, HttpMethods.Head] : [Method];
}
