using System.Globalization;

namespace Fairlead.Processes;

/// <summary>
/// The number by which a process is known to belong to a job, whatever it did to hide: every process of a job has it as the soft
/// limit of "file locks" (<c>RLIMIT_LOCKS</c>), which the Linux kernel keeps and hands down through fork, exec, <c>setsid</c> and
/// <c>env -i</c>, and has not looked at for any other purpose since 2.4. It stands in the environment too, for systems that
/// refuse to set it. Its upper part names the node, as a hash of its process id and start so that anybody can see whether it lives, and which of
/// its wardens it is; its lower part is the job.
/// </summary>
internal readonly record struct JobMark(ulong Value)
{
    /// <summary>The environment variable that carries it.</summary>
    internal const string Variable = "FAIRLEAD_MARK";

    /// <summary>How it stands there.</summary>
    internal static ReadOnlySpan<byte> Assignment => "FAIRLEAD_MARK="u8;

    // A layout of its own has a signature of its own: what another version's node marked is not ours to read. 0x2 was the first.
    private const ulong Signature = 0x3UL << SignatureAt;
    private const int SignatureAt = 60, NodeBits = 22, WardenBits = 10, JobBits = 28;
    private const ulong JobMask = (1UL << JobBits) - 1, WardenMask = (1UL << WardenBits) - 1;

    /// <summary>How many jobs of one warden have marks of their own.</summary>
    internal const ulong Jobs = JobMask;

    /// <summary>The mark of the n-th warden of a node; the job's part is 0.</summary>
    /// <param name="node">See <see cref="NodeOf" />.</param>
    /// <param name="number">Counted by the node.</param>
    /// <param name="now">Counts in too, so that two nodes of one hash do not share their wardens' marks as well.</param>
    internal static JobMark ForWarden(uint node, int number, DateTimeOffset now)
    {
        var chance = (Mix((ulong)now.UtcTicks) >> 32) + (uint)number;
        return new(Signature | ((ulong)node << (WardenBits + JobBits)) | ((chance & WardenMask) << JobBits));
    }

    /// <summary>What stands for a node in its marks.</summary>
    /// <param name="pid">Its process id.</param>
    /// <param name="started">When it started, see <see cref="ProcessLine.Started" />.</param>
    internal static uint NodeOf(int pid, long started) => (uint)(Mix(Mix((uint)pid) + (ulong)started) >> (64 - NodeBits));

    /// <summary>The node's part, see <see cref="NodeOf" />.</summary>
    internal uint Node => (uint)((Value & ~Signature) >> (WardenBits + JobBits));

    /// <summary>The node's and the warden's part alone, which the warden itself carries.</summary>
    internal JobMark Warden => new(Value & ~JobMask);

    /// <summary>True for a mark, not any number.</summary>
    internal bool IsValid => Value >> SignatureAt == Signature >> SignatureAt;

    /// <summary>The mark of the warden's n-th job; counts on from the start after 268 million. That of job 0 is the warden's own.</summary>
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
        return Libc.PrLimit(pid, Libc.RLIMIT_LOCKS, null, &limit) == 0 && new JobMark(limit.Soft) is { IsValid: true } mark ? mark : null;
    }

    /// <summary>The finalizer of SplitMix64.</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EBUL;
        return value ^ (value >> 31);
    }
}
