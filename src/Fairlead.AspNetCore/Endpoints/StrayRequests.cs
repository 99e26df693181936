using Fairlead.AspNetCore.Problems;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>Requests for what is not there.</summary>
internal static class StrayRequests
{
    /// <summary>A path that is there, by a method that is not.</summary>
    public static Task MethodAsync(HttpContext http, string[] allowed)
    {
        http.Response.Headers.Allow = string.Join(", ", allowed);
        return ProblemGuard.WriteAsync(http, Problem.Method($"{http.Request.Path} takes {string.Join(" or ", allowed)}; got {http.Request.Method}."));
    }

    /// <summary>A path that is not there.</summary>
    public static Task PathAsync(HttpContext http)
    {
        var first = (http.Request.RouteValues["path"] as string ?? "").Split('/')[0];
        var known = FairleadRoutes.All.Select(static route => route.Pattern.Split('/')[0]).Distinct(StringComparer.Ordinal).ToList();
        var detail = known.Contains(first, StringComparer.Ordinal)
            ? $"Below {first} there are: {string.Join(", ", FairleadRoutes.All.Where(route => route.Pattern.Split('/')[0] == first).Select(static route => $"{route.Method} {route.Pattern}"))}."
            : NearestName.Unknown("resource", first, known);
        return ProblemGuard.WriteAsync(http, Problem.NoRoute($"There is nothing at {http.Request.Path}. {detail}"));
    }
}
