namespace Fairlead.Cli.Configuration;

/// <summary>Everything found wrong with a configuration so far, so that all of it is said at once.</summary>
internal sealed class ConfigurationErrors
{
    private readonly List<(Place Place, string Message)> _found = [];

    public int Count => _found.Count;

    public void Add(Place place, string message) => _found.Add((place, message));

    /// <summary>Whether something at this place is already said to be wrong.</summary>
    public bool At(Place place) => _found.Exists(error => error.Place == place);

    /// <exception cref="ConfigurationException">There are some: in the order of the file, those of variables last.</exception>
    public void ThrowIfAny(string file)
    {
        if (_found.Count > 0)
        {
            var ordered = _found.OrderBy(error => error.Place.Line == 0).ThenBy(error => error.Place.Line).ThenBy(error => error.Place.Column);
            throw new ConfigurationException(file, [.. ordered.Select(error => $"{error.Place}: {error.Message}").Distinct()]);
        }
    }
}
