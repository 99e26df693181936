using System.Globalization;

namespace Fairlead.Processes;

/// <summary>
/// The number by which a process is known to belong to a job, whatever it did to hide: every process of a job has it as the soft
/// limit of "file locks" (<c>RLIMIT_LOCKS</c>), which the Linux kernel keeps and hands down through fork, exec, <c>setsid</c> and
/// <c>env -i</c>, and has not looked at for any other purpose since 2.4. It stands in the environment too, for systems that
/// refuse to set it. The upper half names the warden, the lower half the job.
/// </summary>
internal readonly record struct JobMark(ulong Value)
{
    /// <summary>The environment variable that carries it.</summary>
    internal const string Variable = "FAIRLEAD_MARK";

    /// <summary>How it stands there.</summary>
    internal static ReadOnlySpan<byte> Assignment => "FAIRLEAD_MARK="u8;

    private const int JobBits = 30;
    private const ulong JobMask = (1UL << JobBits) - 1;
    private const ulong Signature = 0x2UL << 60;

    /// <summary>The mark of the n-th warden that the process <paramref name="node" /> starts, at <paramref name="now" />; the job's half is 0.</summary>
    internal static JobMark ForWarden(int node, int number, DateTimeOffset now)
    {
        var time = (ulong)now.UtcTicks + (uint)number;
        var identity = ((ulong)(uint)node * 0x9E37_79B9_7F4A_7C15UL) ^ (time * 0xD1B5_4A32_D192_ED03UL);
        return new(Signature | ((identity >> 34) << JobBits));
    }

    /// <summary>The warden's part alone.</summary>
    internal JobMark Warden => new(Value & ~JobMask);

    /// <summary>The mark of the warden's n-th job; counts on from the start after a thousand million.</summary>
    internal JobMark ForJob(ulong number) => new(Warden.Value | (number & JobMask));

    /// <summary>True when this is a mark of the same warden.</summary>
    internal bool IsOf(JobMark warden) => Warden == warden.Warden;

    /// <inheritdoc />
    public override string ToString() => Value.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>Sets it on this process, and so on all that it starts from now on; false where the system refuses.</summary>
    internal unsafe bool Apply()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }
        var limit = new Libc.Limit();
        if (Libc.PrLimit(0, Libc.RLIMIT_LOCKS, null, &limit) != 0)
        {
            return false;
        }
        limit.Soft = Value;
        return Libc.PrLimit(0, Libc.RLIMIT_LOCKS, &limit, null) == 0;
    }

    /// <summary>The mark of a process; none when it is gone, not ours to look at, or never had one.</summary>
    internal static unsafe JobMark? Of(int pid)
    {
        Libc.Limit limit;
        return Libc.PrLimit(pid, Libc.RLIMIT_LOCKS, null, &limit) == 0 && limit.Soft >> 60 == Signature >> 60 ? new JobMark(limit.Soft) : null;
    }
}
