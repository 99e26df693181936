using System.Globalization;
using System.Text;

namespace Fairlead.Storage;

/// <summary>
/// Texts for stores that keep only well-formed Unicode without a zero character. What such a store would refuse, or make equal to something else, is
/// written as U+001A and four hexadecimal digits and read back as it was: nothing is lost, and two texts that differ stay different.
/// </summary>
internal static class StoredText
{
    private const char Mark = '\u001A';
    private const int Digits = 4;

    /// <summary>A text as it is stored: nearly always itself.</summary>
    public static string Write(string text) =>
        text.AsSpan().IndexOfAny('\0', Mark) < 0 && text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? text : WriteMarked(text);

    /// <summary>A stored text as it was given.</summary>
    public static string Read(string stored) => stored.Contains(Mark, StringComparison.Ordinal) ? ReadMarked(stored) : stored;

    private static string WriteMarked(string text)
    {
        var written = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
            {
                written.Append(text, i++, 2);
            }
            else if (text[i] is '\0' or Mark || char.IsSurrogate(text[i]))
            {
                written.Append(Mark).Append(CultureInfo.InvariantCulture, $"{(int)text[i]:X4}");
            }
            else
            {
                written.Append(text[i]);
            }
        }
        return written.ToString();
    }

    private static string ReadMarked(string stored)
    {
        var text = new StringBuilder(stored.Length);
        for (var i = 0; i < stored.Length; i++)
        {
            if (stored[i] == Mark && i + Digits < stored.Length
                && ushort.TryParse(stored.AsSpan(i + 1, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var letter))
            {
                text.Append((char)letter);
                i += Digits;
            }
            else
            {
                text.Append(stored[i]);
            }
        }
        return text.ToString();
    }
}
