namespace Fairlead;

/// <summary>What a job is, on the wire: a stable name and the version of its payload. Never a CLR type name.</summary>
/// <param name="Name">The wire name, for example <c>product.analyze</c>; 1 to 200 characters.</param>
/// <param name="Version">The version of the payload's shape; 1 or more.</param>
public readonly record struct JobKind(string Name, int Version = 1)
{
    /// <summary><c>name</c>, or <c>name@2</c> for later versions.</summary>
    public override string ToString() => Version == 1 ? Name : $"{Name}@{Version}";

    /// <summary>Reads what <see cref="ToString" /> wrote: <c>name</c>, or <c>name@2</c>.</summary>
    internal static JobKind Read(string text)
    {
        var at = text.LastIndexOf('@');
        return at > 0 && int.TryParse(text.AsSpan(at + 1), System.Globalization.NumberStyles.None, null, out var version) && version > 0
            ? new JobKind(text[..at], version)
            : new JobKind(text);
    }
}
