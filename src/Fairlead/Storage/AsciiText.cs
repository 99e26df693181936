namespace Fairlead.Storage;

/// <summary>Text compared as every store can: the case of ASCII letters does not count, that of all others does.</summary>
internal static class AsciiText
{
    /// <summary>Whether <paramref name="part" /> stands anywhere in <paramref name="text" />.</summary>
    public static bool Contains(string text, string part)
    {
        for (var at = 0; at + part.Length <= text.Length; at++)
        {
            if (IsSame(text.AsSpan(at, part.Length), part))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsSame(ReadOnlySpan<char> text, ReadOnlySpan<char> other)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (Lower(text[i]) != Lower(other[i]))
            {
                return false;
            }
        }
        return true;
    }

    private static char Lower(char letter) => char.IsAsciiLetterUpper(letter) ? (char)(letter | 0x20) : letter;
}
