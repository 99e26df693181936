using System.Runtime.InteropServices;
using System.Text;

namespace Fairlead.Processes;

/// <summary>An environment laid out as <c>exec</c> wants it, to which single variables can be added for each process.</summary>
internal sealed unsafe class BaseEnvironment
{
    private readonly byte[][] _entries;
    private readonly byte*[] _native;

    /// <param name="entries">Each <c>NAME=value</c>.</param>
    internal BaseEnvironment(byte[][] entries)
    {
        _entries = entries;
        _native = new byte*[entries.Length];
        for (var i = 0; i < entries.Length; i++)
        {
            // Kept for the life of the process: there is one of these.
            _native[i] = (byte*)NativeMemory.Alloc((nuint)entries[i].Length + 1);
            SpawnPlan.Terminate(entries[i], _native[i]);
        }
    }

    internal int Count => _entries.Length;

    /// <summary>Puts the pointers of all entries that <paramref name="overrides" /> do not replace into <paramref name="target" />; returns how many.</summary>
    internal int CopyTo(byte** target, byte[][] overrides)
    {
        var count = 0;
        for (var i = 0; i < _entries.Length; i++)
        {
            if (!IsReplaced(_entries[i], overrides))
            {
                target[count++] = _native[i];
            }
        }
        return count;
    }

    private static bool IsReplaced(ReadOnlySpan<byte> entry, byte[][] overrides)
    {
        var name = entry[..(entry.IndexOf((byte)'=') + 1)];
        foreach (var one in overrides)
        {
            if (one.AsSpan().StartsWith(name))
            {
                return true;
            }
        }
        return false;
    }
}

/// <summary>Everything about one process to be started, in native memory, so that starting it only calls.</summary>
internal sealed unsafe class SpawnPlan : IDisposable
{
    private byte* _arena;

    internal byte** Arguments { get; private set; }

    internal byte** Environment { get; private set; }

    /// <summary>Null for where this process runs.</summary>
    internal byte* Directory { get; private set; }

    /// <summary>What becomes its standard input, output and error; <see cref="ErrorFd" /> of -1 leaves this process's own.</summary>
    internal required int InputFd { get; init; }

    internal required int OutputFd { get; init; }

    internal required int ErrorFd { get; init; }

    internal SpawnPlan(BaseEnvironment environment, byte[][] variables, byte[][] arguments, ReadOnlySpan<byte> directory)
    {
        var pointers = arguments.Length + 1 + environment.Count + variables.Length + 1;
        _arena = (byte*)NativeMemory.Alloc((nuint)(pointers * sizeof(byte*) + Size(arguments) + Size(variables) + directory.Length + 1));
        Arguments = (byte**)_arena;
        Environment = Arguments + arguments.Length + 1;
        var text = _arena + pointers * sizeof(byte*);
        Place(arguments, Arguments, ref text);
        // The job's own come first, so that its mark is found without reading far.
        Place(variables, Environment, ref text);
        Environment[variables.Length + environment.CopyTo(Environment + variables.Length, variables)] = null;
        if (directory.Length > 0)
        {
            Directory = text;
            Terminate(directory, text);
        }
    }

    internal void CloseDescriptors()
    {
        Libc.Close(InputFd);
        Libc.Close(OutputFd);
        Libc.Close(ErrorFd);
    }

    internal static byte[][] Encode(IReadOnlyList<string> texts)
    {
        var encoded = new byte[texts.Count][];
        for (var i = 0; i < encoded.Length; i++)
        {
            encoded[i] = Encoding.UTF8.GetBytes(texts[i]);
        }
        return encoded;
    }

    internal static void Terminate(ReadOnlySpan<byte> text, byte* target)
    {
        text.CopyTo(new Span<byte>(target, text.Length));
        target[text.Length] = 0;
    }

    public void Dispose()
    {
        NativeMemory.Free(_arena);
        _arena = null;
    }

    private static void Place(byte[][] texts, byte** pointers, ref byte* free)
    {
        foreach (var text in texts)
        {
            *pointers++ = free;
            Terminate(text, free);
            free += text.Length + 1;
        }
        *pointers = null;
    }

    private static int Size(byte[][] texts)
    {
        var size = 0;
        foreach (var text in texts)
        {
            size += text.Length + 1;
        }
        return size;
    }
}
