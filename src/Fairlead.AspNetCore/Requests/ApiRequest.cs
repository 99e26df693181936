using Fairlead.AspNetCore.Problems;
using Fairlead.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fairlead.AspNetCore.Requests;

/// <summary>What every endpoint is given: the request, the opened store, the clock.</summary>
internal sealed record ApiRequest(HttpContext Http, IJobStore Store, TimeProvider Time)
{
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>A part of the path, decoded; a slash in it is written %2F, which servers leave as it is.</summary>
    public string Route(string name) => ((string)Http.GetRouteValue(name)!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    /// <summary>The parameters of the query.</summary>
    /// <param name="known">The names the endpoint knows: any other is refused.</param>
    public QueryOptions Query(params string[] known) => new(Http.Request.Query, known);

    /// <summary>The id in the path.</summary>
    public JobId Id()
    {
        var text = Route("id");
        return JobId.TryParse(text, null, out var id) ? id : throw Problem.NotFound($"There is no job '{text}': an id is a whole number, such as 42.");
    }

    /// <summary>The job or batch in the path.</summary>
    public ValueTask<Job> JobAsync() => JobAsync(Id());

    /// <summary>A job or batch that there should be.</summary>
    public async ValueTask<Job> JobAsync(JobId id) => await Store.GetJobAsync(id, Aborted) ?? throw NoJob(id);

    public Problem NoJob(JobId id) => Problem.NotFound($"There is no job {id} in {Store.Description}: it never was, or it ended and its retention is over.");

    /// <summary>The queue in the path.</summary>
    public ValueTask<QueueInfo> QueueAsync() => QueueAsync(Route("queue"));

    /// <summary>A queue that there should be.</summary>
    public async ValueTask<QueueInfo> QueueAsync(string name)
    {
        var queues = await Store.ListQueuesAsync(Aborted);
        return queues.FirstOrDefault(queue => queue.Name == name)
            ?? throw Problem.NotFound(NearestName.Unknown("queue", name, queues.Select(static queue => queue.Name), "A node that declares it or work that is enqueued makes it."));
    }
}
