using Fairlead.AspNetCore.Bodies;
using Fairlead.AspNetCore.Requests;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>What keeps work back: groups, breakers, limits; and the figures of all.</summary>
internal static class FlowEndpoints
{
    /// <summary><c>GET groups</c>: of one queue, or of each.</summary>
    public static async Task<IResult> GroupsAsync(ApiRequest request)
    {
        var query = request.Query("queue", "limit");
        var most = query.Whole("limit", 1, 100_000) ?? 100;
        var names = query.Text("queue") is { } only ? [(await request.QueueAsync(only)).Name] : (await request.Store.ListQueuesAsync(request.Aborted)).Select(static queue => queue.Name);
        var groups = new List<GroupBody>();
        foreach (var queue in names)
        {
            groups.AddRange((await request.Store.ListGroupsAsync(queue, most, request.Aborted)).Select(GroupBody.Of));
        }
        return Answer.Json([.. groups], WireJson.Wire.GroupBodyArray);
    }

    /// <summary><c>GET breakers</c>: those that are open or have counted failures.</summary>
    public static async Task<IResult> BreakersAsync(ApiRequest request)
    {
        request.Query();
        var now = request.Time.GetUtcNow();
        var breakers = await request.Store.ListBreakersAsync(request.Aborted);
        return Answer.Json([.. breakers.Select(breaker => BreakerBody.Of(breaker, now))], WireJson.Wire.BreakerBodyArray);
    }

    /// <summary><c>GET limits</c>.</summary>
    public static async Task<IResult> LimitsAsync(ApiRequest request)
    {
        request.Query();
        var limits = await request.Store.ListLimitsAsync(request.Aborted);
        return Answer.Json([.. limits.Select(LimitBody.Of)], WireJson.Wire.LimitBodyArray);
    }

    /// <summary><c>GET stats</c>.</summary>
    public static async Task<IResult> StatsAsync(ApiRequest request)
    {
        request.Query();
        var counters = await request.Store.GetCountersAsync(request.Aborted);
        var pools = (await request.Store.ListPoolsAsync(request.Aborted)).ToLookup(static pool => pool.Pool.Queue, static pool => pool.Pool, StringComparer.Ordinal);
        var now = request.Time.GetUtcNow();
        var queues = await request.Store.ListQueuesAsync(request.Aborted);
        var figures = queues.Select(queue => StatusBody.Of(queue, now) with { Pool = PoolFiguresBody.Of([.. pools[queue.Name]]) });
        return Answer.Json(new StatsBody(now, CountersBody.Of(counters), [.. figures]), WireJson.Wire.StatsBody);
    }
}
