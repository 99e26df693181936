using System.Globalization;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>Addresses of databases as URLs: <c>postgres://user:password@host:port/database?sslmode=require&amp;schema=fairlead</c>; through a pooler with <c>pooled=true</c>, or <c>direct=host:port</c> of the server itself.</summary>
internal static class PostgreSqlUrl
{
    /// <summary>Whether a text is such a URL.</summary>
    public static bool Is(string text) =>
        text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The options that a URL or connection string stands for.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static PostgreSqlStoreOptions ToOptions(string text)
    {
        var query = Is(text) ? Query(Parse(text)).ToDictionary(static pair => pair.Name, static pair => pair.Value, StringComparer.Ordinal) : [];
        var direct = query.GetValueOrDefault("direct");
        return new PostgreSqlStoreOptions
        {
            ConnectionString = text,
            Schema = query.GetValueOrDefault("schema") ?? PostgreSqlStoreOptions.DefaultSchema,
            Pooled = direct is not null || query.GetValueOrDefault("pooled") == "true",
            DirectConnectionString = direct is null ? null : At(ToConnectionString(text), direct),
        }.Check();
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
        var builder = new NpgsqlConnectionStringBuilder(ToConnectionString(options.Place));
        var hosts = builder.Host?.Split(',').Select(host => host.Contains(':') ? host : $"{host}:{builder.Port}") ?? [];
        return $"postgres://{string.Join(',', hosts)}/{builder.Database}{(options.Schema == PostgreSqlStoreOptions.DefaultSchema ? "" : $"?schema={options.Schema}")}";
    }

    /// <summary>The same database under another address, past a pooler.</summary>
    private static string At(string connectionString, string address)
    {
        var parts = address.Split(':');
        if (parts.Length > 2 || parts[0].Length == 0 || (parts.Length == 2 && !ushort.TryParse(parts[1], CultureInfo.InvariantCulture, out _)))
        {
            throw new UrlException($"direct= expects host:port of the server itself; got '{address}'.");
        }
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { Host = parts[0], Port = parts.Length == 2 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 5432 };
        return builder.ConnectionString;
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
        foreach (var (name, value) in Query(url).Where(static pair => pair.Name is not ("schema" or "pooled" or "direct")))
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
        !Uri.TryCreate(MoreHosts(text) is { Length: > 0 } more ? text.Replace(more, "", StringComparison.Ordinal) : text, UriKind.Absolute, out var url) || url.AbsolutePath.Length <= 1
            ? throw new UrlException("Expected postgres://user:password@host:port/database; the database's name is missing, or it is no URL.")
        // What looks like a database may be the rest of a password, which is in no message.
        : url.AbsolutePath.AsSpan(1).IndexOfAny('@', '/') >= 0
            ? throw new UrlException("Expected postgres://user:password@host:port/database; the database's name has an @ or a slash. In a user's name or password they are written %40 and %2F.")
        : url;

    private static IEnumerable<(string Name, string Value)> Query(Uri url) =>
        url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(static part => part.Split('=', 2))
            .Select(static pair => (Uri.UnescapeDataString(pair[0]), pair.Length == 2 ? Uri.UnescapeDataString(pair[1]) : ""));

    private sealed class UrlException(string message) : ArgumentException(message);
}
