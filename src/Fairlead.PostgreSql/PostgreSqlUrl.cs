using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>Addresses of databases as URLs: <c>postgres://user:password@host:port/database?sslmode=require&amp;schema=fairlead</c>.</summary>
internal static class PostgreSqlUrl
{
    /// <summary>Whether a text is such a URL.</summary>
    public static bool Is(string text) =>
        text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The options that a URL or connection string stands for.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static PostgreSqlStoreOptions ToOptions(string text)
    {
        var schema = Is(text) ? Query(Parse(text)).FirstOrDefault(static pair => pair.Name == "schema").Value : null;
        var pooled = Is(text) && Query(Parse(text)).Any(static pair => pair is { Name: "pooled", Value: "true" });
        return new PostgreSqlStoreOptions { ConnectionString = text, Schema = schema ?? PostgreSqlStoreOptions.DefaultSchema, Pooled = pooled }.Check();
    }

    /// <summary>The connection string that a URL or connection string stands for.</summary>
    /// <exception cref="ArgumentException">It is neither; the message never shows a password.</exception>
    public static string ToConnectionString(string text)
    {
        try
        {
            return Is(text) ? FromUrl(text) : new NpgsqlConnectionStringBuilder(text).ConnectionString;
        }
        catch (ArgumentException error) when (error is not UrlException)
        {
            throw new ArgumentException($"Expected a connection string such as Host=localhost;Database=app, or postgres://user:password@host/database; {error.Message}", error);
        }
    }

    /// <summary>A store as operators know it, without secrets.</summary>
    public static string Describe(PostgreSqlStoreOptions options)
    {
        var builder = new NpgsqlConnectionStringBuilder(ToConnectionString(options.ConnectionString));
        var hosts = builder.Host?.Split(',').Select(host => host.Contains(':') ? host : $"{host}:{builder.Port}") ?? [];
        return $"postgres://{string.Join(',', hosts)}/{builder.Database}{(options.Schema == PostgreSqlStoreOptions.DefaultSchema ? "" : $"?schema={options.Schema}")}";
    }

    private static string FromUrl(string text)
    {
        var (url, more) = (Parse(text), MoreHosts(text));
        var builder = new NpgsqlConnectionStringBuilder { Host = Uri.UnescapeDataString(url.Host) + (more.Length > 0 && url.Port > 0 ? $":{url.Port}" : "") + more };
        if (more.Length == 0)
        {
            builder.Port = url.Port > 0 ? url.Port : 5432;
        }
        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(user[0]);
        }
        if (user.Length == 2)
        {
            builder.Password = Uri.UnescapeDataString(user[1]);
        }
        builder.Database = Uri.UnescapeDataString(url.AbsolutePath.Trim('/'));
        foreach (var (name, value) in Query(url).Where(static pair => pair.Name is not ("schema" or "pooled")))
        {
            builder[name switch { "sslmode" => "SSL Mode", "host" => "Host", "connect_timeout" => "Timeout", _ => name }] = value;
        }
        return builder.ConnectionString;
    }

    /// <summary>The hosts after the first, each with the comma before it: a URI has only one.</summary>
    private static string MoreHosts(string text)
    {
        var authority = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..].Split('/', '?')[0];
        var hosts = authority[(authority.LastIndexOf('@') + 1)..];
        return hosts.Contains(',') ? hosts[hosts.IndexOf(',')..] : "";
    }

    private static Uri Parse(string text) =>
        Uri.TryCreate(MoreHosts(text) is { Length: > 0 } more ? text.Replace(more, "", StringComparison.Ordinal) : text, UriKind.Absolute, out var url) && url.AbsolutePath.Length > 1 ? url
            : throw new UrlException("Expected postgres://user:password@host:port/database; the database's name is missing, or it is no URL.");

    private static IEnumerable<(string Name, string Value)> Query(Uri url) =>
        url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(static part => part.Split('=', 2))
            .Select(static pair => (Uri.UnescapeDataString(pair[0]), pair.Length == 2 ? Uri.UnescapeDataString(pair[1]) : ""));

    private sealed class UrlException(string message) : ArgumentException(message);
}
