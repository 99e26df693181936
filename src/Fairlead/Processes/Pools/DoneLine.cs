using System.Buffers.Text;

namespace Fairlead.Processes.Pools;

/// <summary>Reads the commonest line, <c>{"done":12}</c> without a result, without making anything of it but what is kept.</summary>
internal static class DoneLine
{
    /// <summary>True when the line is exactly of that form, as every JSON writer puts it; any other is read by <see cref="StreamAnswer" />.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out long job)
    {
        job = 0;
        line = line.TrimEnd((byte)'\r');
        var head = line.StartsWith("{\"done\": "u8) ? 9 : line.StartsWith("{\"done\":"u8) ? 8 : 0;
        return head > 0 && Utf8Parser.TryParse(line[head..], out job, out var used) && line[(head + used)..].SequenceEqual("}"u8);
    }
}
