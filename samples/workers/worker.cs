#:property PublishAot=false
// A worker for `protocol: stream`: one process, many jobs, one JSON object a line. Put your work into WorkAsync.
using System.Text.Json.Nodes;

using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
while (Console.ReadLine() is { } line)   // ends when this process is no longer needed
{
    var message = JsonNode.Parse(line)!;
    if ((long?)message["job"] is { } job)   // else {"cancel": …} of a job that is finished
    {
        try
        {
            Say(await WorkAsync(job, message["payload"]!["urls"]!.AsArray()));
        }
        catch (Exception error)
        {
            Say(new() { ["failed"] = job, ["error"] = error.Message });
        }
    }
}

// Does one job and returns the answer; here it counts the bytes behind some addresses.
async Task<JsonObject> WorkAsync(long job, JsonArray urls)
{
    var bytes = 0;
    for (var i = 0; i < urls.Count; i++)
    {
        using var answer = await http.GetAsync((string)urls[i]!);
        if ((int)answer.StatusCode == 429)   // not now: come again, at no cost
            return new() { ["defer"] = job, ["seconds"] = answer.Headers.RetryAfter?.Delta?.TotalSeconds ?? 30, ["reason"] = $"{urls[i]} answered 429" };
        if (!answer.IsSuccessStatusCode)   // what the caller did wrong does not become right by trying again
            return new() { ["failed"] = job, ["error"] = $"{urls[i]} answered {(int)answer.StatusCode}", ["retry"] = (int)answer.StatusCode >= 500 };
        bytes += (await answer.Content.ReadAsByteArrayAsync()).Length;
        Say(new() { ["progress"] = job, ["processed"] = i + 1, ["total"] = urls.Count });
    }
    return new() { ["done"] = job, ["result"] = new JsonObject { ["bytes"] = bytes } };
}

void Say(JsonObject answer) => Console.WriteLine(answer.ToJsonString());
