using System.Text.Json;
using Fairlead.AspNetCore.Bodies;
using Fairlead.AspNetCore.Problems;
using Fairlead.AspNetCore.Requests;
using Fairlead.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>Queues: what they hold, and what an operator changes of them while they run.</summary>
internal static class QueueEndpoints
{
    private const int LargestChange = 64 * 1024;

    /// <summary><c>GET queues</c>.</summary>
    public static async Task<IResult> ListAsync(ApiRequest request)
    {
        request.Query();
        var queues = await request.Store.ListQueuesAsync(request.Aborted);
        return Answer.Json([.. queues.Select(QueueBody.Of)], WireJson.Wire.QueueBodyArray);
    }

    /// <summary><c>PATCH queues/{queue}</c>: what the body names is in force at once, above what nodes declare.</summary>
    public static async Task<IResult> ChangeAsync(ApiRequest request)
    {
        request.Query();
        var body = await RequestBody.ReadJsonAsync(request.Http, LargestChange, $"A change of a queue has at most {LargestChange:N0} bytes.");
        return await ChangeAsync(request, Read(request.Route("queue"), body));
    }

    /// <summary><c>POST queues/{queue}/reset</c>: what nodes declare is in force again.</summary>
    public static async Task<IResult> ResetAsync(ApiRequest request)
    {
        request.Query();
        return await ChangeAsync(request, change: null);
    }

    /// <summary><c>POST queues/{queue}/pause</c>: a queue that is not known yet is made, paused.</summary>
    public static async Task<IResult> PauseAsync(ApiRequest request)
    {
        request.Query();
        NewJobRules.CheckName(request.Route("queue"), "A queue's name");
        await request.Store.PauseAsync(request.Route("queue"), request.Aborted);
        return await AnswerAsync(request);
    }

    /// <summary><c>POST queues/{queue}/resume</c>.</summary>
    public static async Task<IResult> ResumeAsync(ApiRequest request)
    {
        request.Query();
        var queue = await request.QueueAsync();
        await request.Store.ResumeAsync(queue.Name, request.Aborted);
        return await AnswerAsync(request);
    }

    private static async ValueTask<IResult> ChangeAsync(ApiRequest request, QueueChange? change)
    {
        var queue = await request.QueueAsync();
        if (await request.Store.ChangeQueueAsync(queue.Name, change, request.Aborted) is null)
        {
            throw Problem.NotFound($"No node has declared queue '{queue.Name}' yet, so there is nothing to change: declare it in fairlead.yaml, or with AddQueue.");
        }
        return await AnswerAsync(request);
    }

    private static async ValueTask<IResult> AnswerAsync(ApiRequest request) => Answer.Json(QueueBody.Of(await request.QueueAsync()), WireJson.Wire.QueueBody);

    private static QueueChange Read(string queue, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var change = document.RootElement.EnumerateObject().Aggregate(new QueueChange(), (so, member) => QueueChangeText.With(queue, so, member.Name, Text(member)));
            return change != new QueueChange() ? change : throw new FormatException($"It names nothing; known: {string.Join(", ", QueueChangeText.Names)}.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw Problem.Body($"A change of a queue expects JSON such as {{\"max_concurrent\":5,\"timeout\":\"90s\"}}. {error.Message}");
        }
    }

    private static string Text(JsonProperty member) => member.Value.ValueKind switch
    {
        JsonValueKind.String => member.Value.GetString()!,
        JsonValueKind.Null => throw new FormatException($"{member.Name} expects a value; got null. POST queues/…/reset takes all changes back."),
        _ => member.Value.GetRawText(),
    };
}
