using System.Runtime.InteropServices;

namespace Fairlead.Bench;

/// <summary>Sleeps that end within a tenth of a millisecond: the runtime's own know whole milliseconds only.</summary>
internal static class PreciseSleep
{
    /// <summary>Sleeps until a time stamp of <see cref="TimeProvider.System" />.</summary>
    public static void Until(long due)
    {
        while (due - TimeProvider.System.GetTimestamp() is var left and > 0)
        {
            _ = usleep((uint)Math.Clamp(left * 1_000_000 / TimeProvider.System.TimestampFrequency, 1, 900_000));
        }
    }

    [DllImport("libc")]
    private static extern int usleep(uint microseconds);
}
