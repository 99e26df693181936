using Fairlead.AspNetCore.Bodies;
using Fairlead.AspNetCore.Problems;
using Fairlead.AspNetCore.Requests;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>The processes of all nodes.</summary>
internal static class WorkerEndpoints
{
    /// <summary><c>GET workers</c>.</summary>
    public static async Task<IResult> ListAsync(ApiRequest request)
    {
        request.Query();
        return Answer.Json([.. await WorkersAsync(request)], WireJson.Wire.WorkerBodyArray);
    }

    /// <summary><c>DELETE workers/{id}</c>: its node is asked to end it, and hears of it within a heartbeat.</summary>
    public static async Task<IResult> EndAsync(ApiRequest request)
    {
        request.Query();
        var id = request.Route("id");
        return await request.Store.EndWorkersAsync(id, request.Aborted) is > 0 and var asked
            ? Answer.Json(new EndingBody(asked), WireJson.Wire.EndingBody, StatusCodes.Status202Accepted)
            : throw Problem.NotFound(NearestName.Unknown("worker", id, (await WorkersAsync(request)).Select(static worker => worker.Id), "It may have ended already."));
    }

    /// <summary><c>DELETE workers</c>: all there are now.</summary>
    public static async Task<IResult> EndAllAsync(ApiRequest request)
    {
        request.Query();
        return Answer.Json(new EndingBody(await request.Store.EndWorkersAsync(null, request.Aborted)), WireJson.Wire.EndingBody, StatusCodes.Status202Accepted);
    }

    private static async ValueTask<IEnumerable<WorkerBody>> WorkersAsync(ApiRequest request) =>
        (await request.Store.ListPoolsAsync(request.Aborted)).SelectMany(pool => WorkerBody.Of(pool, request.Time.GetUtcNow()));
}
