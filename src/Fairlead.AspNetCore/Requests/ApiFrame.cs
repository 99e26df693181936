using Fairlead.AspNetCore.Problems;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Requests;

/// <summary>Turns endpoints into what the server calls: the store opened before, whatever goes wrong a problem.</summary>
internal sealed class ApiFrame(StoreDoor store, TimeProvider time, ProblemGuard guard)
{
    public RequestDelegate Over(ApiEndpoint endpoint) => http => guard.RunAsync(http, async () =>
    {
        var request = new ApiRequest(http, await store.OpenAsync(http.RequestAborted), time);
        await (await endpoint(request)).ExecuteAsync(http);
    });

    /// <summary>For what needs no store.</summary>
    public RequestDelegate Simple(Func<Task<IResult>> endpoint) => http => guard.RunAsync(http, async () => await (await endpoint()).ExecuteAsync(http));
}
