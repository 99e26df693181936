using System.Buffers;
using System.IO.Pipelines;
using Fairlead.AspNetCore.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Fairlead.AspNetCore.Requests;

/// <summary>Reads bodies up to a bound of our own, which the server's stands back for.</summary>
internal static class RequestBody
{
    public static bool Exists(HttpContext http) => http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;

    /// <summary>The whole body.</summary>
    /// <param name="http">The request.</param>
    /// <param name="most">At most this many bytes.</param>
    /// <param name="tooLarge">What to say of a larger one.</param>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadJsonAsync(HttpContext http, long most, string tooLarge)
    {
        if (!Exists(http))
        {
            return default;
        }
        if (!http.Request.HasJsonContentType())
        {
            throw Problem.MediaType($"The body is expected as application/json; got {Named(http)}. With curl: -H 'content-type: application/json'");
        }
        var reader = Unbounded(http);
        while (http.Request.ContentLength is not { } length || length <= most)
        {
            var read = await reader.ReadAsync(http.RequestAborted);
            if (read.Buffer.Length > most)
            {
                break;
            }
            if (read.IsCompleted)
            {
                var whole = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return whole;
            }
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        throw Problem.TooLarge(tooLarge);
    }

    /// <summary>The body as it comes in, however much it is.</summary>
    public static PipeReader Unbounded(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound)
        {
            bound.MaxRequestBodySize = null;
        }
        return http.Request.BodyReader;
    }

    public static string Named(HttpContext http) => http.Request.ContentType is { Length: > 0 } type ? $"'{type}'" : "no content type";

    public static bool IsNdjson(HttpContext http) =>
        MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type) && type.MediaType.Equals("application/x-ndjson", StringComparison.OrdinalIgnoreCase);
}
