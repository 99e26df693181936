using Fairlead.AspNetCore.Bodies;
using Fairlead.AspNetCore.Problems;
using Fairlead.AspNetCore.Requests;
using Fairlead.Schedules;
using Fairlead.Storage;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>Schedules and the records of their cycles.</summary>
internal static class ScheduleEndpoints
{
    private const int MostNext = 1000;

    /// <summary><c>GET schedules</c>: all, with the next times where <c>next</c> asks for so many.</summary>
    public static async Task<IResult> ListAsync(ApiRequest request)
    {
        var next = request.Query("next").Whole("next", 1, MostNext);
        var schedules = await request.Store.ListSchedulesAsync(request.Aborted);
        return Answer.Json([.. schedules.Select(schedule => ScheduleBody.Of(schedule, next))], WireJson.Wire.ScheduleBodyArray);
    }

    /// <summary><c>GET schedules/{name}</c>.</summary>
    public static Task<IResult> GetAsync(ApiRequest request) => FindAsync(async () =>
    {
        var next = request.Query("next").Whole("next", 1, MostNext);
        var (schedule, _) = await new ScheduleDesk(request.Store).FindAsync(request.Route("name"), request.Aborted);
        return Answer.Json(ScheduleBody.Of(schedule, next), WireJson.Wire.ScheduleBody);
    });

    /// <summary><c>POST schedules/{name}/trigger</c>: a round now, paused or not.</summary>
    public static Task<IResult> TriggerAsync(ApiRequest request) => FindAsync(async () =>
    {
        request.Query();
        var result = await new ScheduleDesk(request.Store).TriggerAsync(request.Route("name"), request.Aborted);
        return result.Refused is { } refused
            ? throw Problem.StillRuns(refused)
            : Answer.Json(TriggeredBody.Of(result), WireJson.Wire.TriggeredBody, StatusCodes.Status202Accepted);
    });

    /// <summary><c>POST schedules/{name}/pause</c>.</summary>
    public static Task<IResult> PauseAsync(ApiRequest request) => ChangeAsync(request, static (desk, name, stop) => desk.PauseAsync(name, stop));

    /// <summary><c>POST schedules/{name}/resume</c>.</summary>
    public static Task<IResult> ResumeAsync(ApiRequest request) => ChangeAsync(request, static (desk, name, stop) => desk.ResumeAsync(name, stop));

    /// <summary><c>GET cycles</c>: the newest first, of one schedule or of all.</summary>
    public static Task<IResult> CyclesAsync(ApiRequest request) => FindAsync(async () =>
    {
        var query = request.Query("schedule", "limit");
        var cycles = await CycleBody.ReadAsync(request.Store, query.Text("schedule"), query.Whole("limit", 1, 1000) ?? 20, request.Aborted);
        return Answer.Json(cycles, WireJson.Wire.CycleBodyArray);
    });

    private static Task<IResult> ChangeAsync(ApiRequest request, Func<ScheduleDesk, string, CancellationToken, ValueTask<ScheduleRecord>> change) => FindAsync(async () =>
    {
        request.Query();
        return Answer.Json(ScheduleBody.Of(await change(new ScheduleDesk(request.Store), request.Route("name"), request.Aborted)), WireJson.Wire.ScheduleBody);
    });

    private static async Task<IResult> FindAsync(Func<Task<IResult>> answer)
    {
        try
        {
            return await answer();
        }
        catch (KeyNotFoundException unknown)
        {
            throw Problem.NotFound(unknown.Message);
        }
    }
}
