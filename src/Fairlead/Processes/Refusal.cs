using System.Runtime.InteropServices;

namespace Fairlead.Processes;

/// <summary>Says why a program could not be started, and what to do about it.</summary>
internal static unsafe class Refusal
{
    internal const string NoPipesHere = "No pipe could be made for it: this process may not open more files (ulimit -n), or none in its folder for temporary files (TMPDIR).";
    private const string NoPipes = "No pipe could be made for it: the warden may not open more files (ulimit -n).";

    internal static string Explain(int error, SpawnPlan plan)
    {
        var program = Marshal.PtrToStringUTF8((nint)plan.Arguments[0]) ?? "";
        return Explain(error, program, Marshal.PtrToStringUTF8((nint)plan.Directory) ?? "");
    }

    /// <summary>For a program that is talked to: the warden could not open one of the pipes to it.</summary>
    internal static string NoPipe(int error) => error is Libc.EMFILE or Libc.ENFILE
        ? NoPipes
        : $"The warden could not open the pipes between it and this node: {Libc.Describe(error)}. It needs to see this node's descriptors in /proc, or its folder for temporary files (TMPDIR).";

    internal static string Explain(int error, string program, string directory)
    {
        if (directory.Length > 0 && !Directory.Exists(directory))
        {
            return $"The working directory '{directory}' does not exist.";
        }
        return error switch
        {
            Libc.ENOENT when program.Contains('/') => $"The program '{program}' does not exist, or the interpreter in its first line does not.",
            Libc.ENOENT => $"The program '{program}' was not found in PATH.",
            Libc.EACCES => $"The program '{program}' may not be executed: it lacks the permission (chmod +x), or is a directory.",
            Libc.ENOTDIR => $"The program '{program}' does not exist: a part of its path is not a directory.",
            Libc.ENOEXEC => $"The program '{program}' is not executable on this system: a script needs a first line such as #!/bin/sh.",
            Libc.E2BIG => $"The arguments for '{program}' are longer than the system takes (on Linux 128 KiB each): leave the line out of them and read it from standard input.",
            Libc.EMFILE => NoPipes,
            _ => $"The program '{program}' could not be started: {Libc.Describe(error)}.",
        };
    }

    /// <summary>True when another attempt may fare better: the system was short of something.</summary>
    internal static bool MayPass(int error) => error is not (Libc.ENOENT or Libc.EACCES or Libc.ENOTDIR or Libc.ENOEXEC or Libc.E2BIG);
}
