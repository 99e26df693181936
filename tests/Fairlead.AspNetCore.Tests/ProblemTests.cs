using System.Net;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;

namespace Fairlead.AspNetCore.Tests;

/// <summary>Every error is a problem in JSON that says the way out.</summary>
public sealed class ProblemTests : IAsyncLifetime
{
    private Api _api = null!;

    public async ValueTask InitializeAsync() => _api = await Api.StartAsync(inFile: false);

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Theory]
    [InlineData("GET", "jbos", 404, "no_route", "did you mean 'jobs'")]
    [InlineData("GET", "", 404, "no_route", "nothing at /api/v1")]
    [InlineData("GET", "jobs/1/events/2", 404, "no_route", "GET jobs/{id}/log")]
    [InlineData("DELETE", "jobs", 405, "method_not_allowed", "takes GET or HEAD; got DELETE")]
    [InlineData("GET", "queues/q/jobs", 405, "method_not_allowed", "takes POST; got GET")]
    [InlineData("GET", "jobs/7", 404, "not_found", "There is no job 7")]
    [InlineData("GET", "jobs/abc", 404, "not_found", "an id is a whole number")]
    [InlineData("GET", "jobs/7/items", 404, "not_found", "no job 7")]
    [InlineData("GET", "jobs/7/log", 404, "not_found", "no job 7")]
    [InlineData("GET", "jobs/7/explain", 404, "not_found", "no job 7")]
    [InlineData("POST", "jobs/7/cancel", 404, "not_found", "no job 7")]
    [InlineData("POST", "jobs/7/retry", 404, "not_found", "no job 7")]
    [InlineData("GET", "jobs?stauts=failed", 400, "bad_query", "did you mean 'status'")]
    [InlineData("GET", "jobs?status=done", 400, "bad_query", "scheduled, queued")]
    [InlineData("GET", "jobs?limit=0", 400, "bad_query", "from 1 to 1000; got '0'")]
    [InlineData("GET", "jobs?cursor=x", 400, "bad_query", "cursor expects")]
    [InlineData("GET", "jobs?batch=none", 404, "not_found", "no batch 'none'")]
    [InlineData("GET", "stats?a=1", 400, "bad_query", "No parameters")]
    public async Task What_is_not_there_is_said(string method, string path, int status, string code, string saying)
    {
        var reply = await _api.SendAsync(method, path);

        reply.Problem((HttpStatusCode)status, code, saying);
        (reply.Response.Content.Headers.Allow.Count > 0).ShouldBe(status == 405);
    }

    [Fact]
    public async Task While_the_store_is_away_clients_are_told_to_come_again()
    {
        _api.Store.Away = true;

        foreach (var reply in (Reply[])[await _api.GetAsync("jobs"), await _api.SendAsync("POST", "queues/q/jobs", "1"), await ReadyAsync()])
        {
            reply.Problem(HttpStatusCode.ServiceUnavailable, "store_away");
            reply.Response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(2));
        }
        (await _api.Client.GetAsync("/healthz", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);

        _api.Store.Away = false;
        (await ReadyAsync()).With(HttpStatusCode.OK).Json.GetProperty("status").GetString().ShouldBe("ready");
        (await _api.GetAsync("jobs")).With(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_head_is_a_get_without_its_body() => (await _api.SendAsync("HEAD", "jobs")).With(HttpStatusCode.OK).Text.ShouldBeEmpty();

    [Fact]
    public void A_program_without_a_store_is_told_so_when_it_starts() =>
        Should.Throw<InvalidOperationException>(() => WebApplication.CreateSlimBuilder().Build().MapFairlead()).Message.ShouldContain("AddFairlead");

    private async Task<Reply> ReadyAsync() => await Reply.ReadAsync(await _api.Client.GetAsync("/readyz", TestContext.Current.CancellationToken));
}
