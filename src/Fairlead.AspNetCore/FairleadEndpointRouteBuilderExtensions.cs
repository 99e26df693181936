using Fairlead.AspNetCore;
using Fairlead.AspNetCore.Endpoints;
using Fairlead.AspNetCore.Problems;
using Fairlead.AspNetCore.Requests;
using Fairlead.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead;

/// <summary>Puts Fairlead's REST API beside an application's own endpoints.</summary>
public static class FairleadEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps <c>/api/v1</c>, <c>/healthz</c> and <c>/readyz</c> over the application's <see cref="IJobStore" />, as
    /// <see cref="FairleadServiceCollectionExtensions.AddFairlead" /> registers it, and its <see cref="TimeProvider" />. There is no
    /// authentication of its own: whoever reaches it may do everything, unless the result is told to
    /// <c>RequireAuthorization()</c> or <c>RequireHost(…)</c>.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <returns>All of its endpoints, to put conventions on.</returns>
    /// <exception cref="InvalidOperationException">No store is registered.</exception>
    public static IEndpointConventionBuilder MapFairlead(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var store = endpoints.ServiceProvider.GetService<IJobStore>() ?? throw new InvalidOperationException(
            "MapFairlead expects a store: call AddFairlead(f => f.UseSqlite(…)), or register an IJobStore.");
        var logger = endpoints.ServiceProvider.GetRequiredService<ILogger<ProblemGuard>>();
        var frame = new ApiFrame(new StoreDoor(store), endpoints.ServiceProvider.GetService<TimeProvider>() ?? TimeProvider.System, new ProblemGuard(logger));
        var all = endpoints.MapGroup("");
        MapHealth(all, frame);
        MapApi(all.MapGroup(FairleadRoutes.Prefix), frame);
        return all;
    }

    private static void MapHealth(RouteGroupBuilder all, ApiFrame frame)
    {
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        all.MapMethods("/healthz", methods, frame.Simple(HealthEndpoints.AliveAsync));
        all.MapMethods("/readyz", methods, frame.Over(HealthEndpoints.ReadyAsync));
    }

    /// <summary>Beside each route, one for any other method, and behind all of them one for any other path: each error is a problem in JSON.</summary>
    private static void MapApi(RouteGroupBuilder api, ApiFrame frame)
    {
        foreach (var path in FairleadRoutes.All.GroupBy(static route => route.Pattern, StringComparer.Ordinal))
        {
            foreach (var route in path)
            {
                api.MapMethods(route.Pattern, route.Methods, frame.Over(route.Endpoint));
            }
            string[] allowed = [.. path.SelectMany(static route => route.Methods)];
            api.Map(path.Key, http => StrayRequests.MethodAsync(http, allowed));
        }
        api.Map("{**path}", StrayRequests.PathAsync);
    }
}
