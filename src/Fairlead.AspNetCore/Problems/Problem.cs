using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Problems;

/// <summary>What a request cannot have. The message is for people: what was expected, what came, the way out.</summary>
/// <param name="code">Names the problem for programs: <c>not_found</c>; the last part of its type.</param>
/// <param name="status">The HTTP status.</param>
/// <param name="detail">For people.</param>
internal sealed class Problem(string code, int status, string detail) : Exception(detail)
{
    public string Code { get; } = code;

    public int Status { get; } = status;

    public static Problem NotFound(string detail) => new("not_found", StatusCodes.Status404NotFound, detail);

    public static Problem NoRoute(string detail) => new("no_route", StatusCodes.Status404NotFound, detail);

    public static Problem Method(string detail) => new("method_not_allowed", StatusCodes.Status405MethodNotAllowed, detail);

    public static Problem Query(string detail) => new("bad_query", StatusCodes.Status400BadRequest, detail);

    public static Problem Body(string detail) => new("bad_body", StatusCodes.Status400BadRequest, detail);

    public static Problem MediaType(string detail) => new("media_type", StatusCodes.Status415UnsupportedMediaType, detail);

    public static Problem TooLarge(string detail) => new("too_large", StatusCodes.Status413PayloadTooLarge, detail);

    /// <summary>A rule of Fairlead that the request breaks, wherever it was found.</summary>
    public static Problem Rule(string detail) => new("invalid", StatusCodes.Status400BadRequest, detail);

    public static Problem StoreAway(string detail) => new("store_away", StatusCodes.Status503ServiceUnavailable, detail);

    public static Problem StoreMismatch(string detail) => new("store_mismatch", StatusCodes.Status409Conflict, detail);

    public static Problem StillRuns(string detail) => new("still_running", StatusCodes.Status409Conflict, detail);

    public static Problem Defect() => new(
        "defect", StatusCodes.Status500InternalServerError, "This is a defect of Fairlead; its log says more. Nothing that was acknowledged is lost.");

    /// <summary>What the transport refused: a body that broke off, or was larger than the server takes.</summary>
    public static Problem Transport(BadHttpRequestException error) =>
        error.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLarge(error.Message) : new("bad_request", error.StatusCode, error.Message);
}
