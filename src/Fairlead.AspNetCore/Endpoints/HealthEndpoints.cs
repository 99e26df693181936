using Fairlead.AspNetCore.Bodies;
using Fairlead.AspNetCore.Requests;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>What load balancers and orchestrators ask.</summary>
internal static class HealthEndpoints
{
    /// <summary><c>GET /healthz</c>: this process answers. It says nothing about the store: a process is not started anew because its store is away.</summary>
    public static Task<IResult> AliveAsync() => Task.FromResult(Answer.Json(new HealthBody("alive", Store: null), WireJson.Wire.HealthBody));

    /// <summary><c>GET /readyz</c>: the store answers, too.</summary>
    public static async Task<IResult> ReadyAsync(ApiRequest request)
    {
        await request.Store.GetCountersAsync(request.Aborted);
        return Answer.Json(new HealthBody("ready", request.Store.Description), WireJson.Wire.HealthBody);
    }
}
