using System.Globalization;

namespace Fairlead.Cli.Configuration;

/// <summary>Where something of a configuration stands: a line and column of a file, both from 1, or a variable.</summary>
/// <param name="Source">The file, or the variable's name.</param>
/// <param name="Line">The line; 0 in a variable.</param>
/// <param name="Column">The column; 0 in a variable.</param>
internal readonly record struct Place(string Source, long Line = 0, long Column = 0)
{
    /// <summary>As editors and terminals make a link of it: <c>fairlead.yaml:12:5</c>.</summary>
    public override string ToString() => Line == 0 ? Source : string.Create(CultureInfo.InvariantCulture, $"{Source}:{Line}:{Column}");
}
