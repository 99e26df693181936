using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Fairlead.AspNetCore.Endpoints;

/// <summary>What an endpoint answers when all is well.</summary>
internal static class Answer
{
    public static IResult Json<T>(T body, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) => TypedResults.Json(body, type, statusCode: status);
}
