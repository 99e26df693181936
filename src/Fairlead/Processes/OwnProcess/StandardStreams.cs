namespace Fairlead.Processes.OwnProcess;

/// <summary>
/// Keeps the pipes to the host for those who speak with it: standard input and output are put elsewhere before anything of the program runs,
/// so that what it prints, reads, or hands to programs of its own cannot get into the conversation.
/// </summary>
/// <param name="Input">Lines from the host.</param>
/// <param name="Output">Lines to the host.</param>
internal sealed record StandardStreams(int Input, int Output)
{
    /// <summary>Takes them: from now on standard input is empty, and standard output goes where standard error goes.</summary>
    /// <exception cref="IOException">They are not open.</exception>
    public static StandardStreams Take()
    {
        var taken = new StandardStreams(Libc.Duplicate(0), Libc.Duplicate(1));
        var nothing = Libc.Open("/dev/null\0"u8);
        if (taken.Input < 0 || taken.Output < 0 || nothing < 0 || Libc.Replace(nothing, 0) < 0 || Libc.Replace(2, 1) < 0)
        {
            throw new IOException($"The standard streams cannot be taken: {Libc.Describe(Libc.LastError)}. A process of a queue expects pipes on standard input and output.");
        }
        Libc.Close(nothing);
        return taken;
    }
}
