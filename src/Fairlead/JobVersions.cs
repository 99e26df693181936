using System.Text.Json;

namespace Fairlead;

/// <summary>The older versions of a payload, and how each is read as the newest.</summary>
/// <typeparam name="TJob">The newest payload.</typeparam>
public sealed class JobVersions<TJob>
    where TJob : notnull
{
    private readonly int _newest;
    private readonly Dictionary<int, Func<ReadOnlyMemory<byte>, JsonSerializerOptions, object>> _upcasts = [];

    internal JobVersions(int newest) => _newest = newest;

    internal IReadOnlyDictionary<int, Func<ReadOnlyMemory<byte>, JsonSerializerOptions, object>> Upcasts => _upcasts;

    /// <summary>Reads payloads of an older version. Versions without one are left to nodes that know them.</summary>
    /// <typeparam name="TOld">The old payload.</typeparam>
    /// <exception cref="ArgumentException">The version is not older than the newest.</exception>
    public JobVersions<TJob> Upcast<TOld>(int version, Func<TOld, TJob> convert)
    {
        if (version < 1 || version >= _newest)
        {
            throw new ArgumentException($"An older version expects 1 to {_newest - 1}; got {version}.", nameof(version));
        }
        _upcasts[version] = (payload, json) => convert(JsonSerializer.Deserialize<TOld>(payload.Span, json)!);
        return this;
    }
}
