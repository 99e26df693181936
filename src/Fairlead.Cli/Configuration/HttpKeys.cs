using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>The keys of <c>http:</c>.</summary>
internal static class HttpKeys
{
    public static readonly ScalarType<Uri> Address = new(
        "http address", "an address such as http://127.0.0.1:5080", static () => new JsonObject { ["type"] = "string", ["pattern"] = "^https?://." },
        static (string text, out Uri value) => Uri.TryCreate(text, UriKind.Absolute, out value!) && value.Scheme is "http" or "https");

    public static readonly SectionType<HttpConfiguration> Section = new("http", static _ => new HttpConfiguration(),
    [
        Key.Of("url", Address, static (HttpConfiguration http, Uri url) => http with { Url = url },
            "The address the API listens on. On a loopback address no key is needed; any other one needs keys.", "\"http://127.0.0.1:5080\"", "http://127.0.0.1:5080"),
        Key.Of("keys", Types.Path, static (HttpConfiguration http, string keys) => http with { Keys = keys },
            "The file of the API's keys.", "./keys.yaml"),
    ])
    {
        Rules = static (mapping, http, reading) =>
        {
            if (!http.Url.IsLoopback && !mapping.Has("keys"))
            {
                reading.Errors.Add(mapping.Find("url")!.Place, $"{mapping.Path}.url is reached from other machines, so {mapping.Path} expects keys; there are none. Add keys: ./keys.yaml, or listen on http://127.0.0.1:5080.");
            }
        },
    };
}
