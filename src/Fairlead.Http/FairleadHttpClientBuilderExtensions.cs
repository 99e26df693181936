using Fairlead.Http;
using Fairlead.Limits;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead;

/// <summary>Puts HTTP clients under a limit of the cluster.</summary>
public static class FairleadHttpClientBuilderExtensions
{
    /// <summary>
    /// Every request of this client waits for a permit of the limit and is never sent early: inside a job's attempt at most 1 s, then the
    /// attempt is deferred at no cost; elsewhere as long as its token (and <see cref="HttpClient.Timeout" />) allows. A 429, and a 503 with
    /// <c>Retry-After</c>, counts for the whole cluster; inside an attempt it defers the job. Answers, failures and the limit's headers are reported.
    /// </summary>
    /// <param name="builder">The client.</param>
    /// <param name="name">The limit, declared with <see cref="FairleadBuilder.AddLimit" /> here or by any other process.</param>
    /// <param name="configure">Costs, groups, and what becomes of a 429.</param>
    public static IHttpClientBuilder AddFairleadLimit(this IHttpClientBuilder builder, string name, Action<HttpLimitOptions>? configure = null)
    {
        var options = new HttpLimitOptions();
        configure?.Invoke(options);
        return builder.AddHttpMessageHandler(services => new LimitHandler(services.GetRequiredService<LimitClient>(), name, options));
    }
}
