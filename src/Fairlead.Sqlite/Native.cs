using System.Runtime.InteropServices;
using SQLitePCL;

namespace Fairlead.Sqlite;

/// <summary>
/// The few calls that are made dozens of times per job, straight into the library SQLitePCLRaw has loaded. Through its wrappers each one
/// counts a handle up and down; that was a quarter of a job's time. Where the library cannot be found by name, the wrappers do it.
/// </summary>
internal static unsafe class Native
{
    private static readonly nint Library = Find();

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int> BindLongAt =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int>)Export("sqlite3_bind_int64");

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> BindNullAt =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)Export("sqlite3_bind_null");

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long> ColumnLongAt =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long>)Export("sqlite3_column_int64");

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> ColumnTypeAt =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)Export("sqlite3_column_type");

    // These read and write pages, so the collector must not wait for them.
    private static readonly delegate* unmanaged[Cdecl]<nint, int> StepAt = (delegate* unmanaged[Cdecl]<nint, int>)Export("sqlite3_step");

    private static readonly delegate* unmanaged[Cdecl]<nint, int> ResetAt = (delegate* unmanaged[Cdecl]<nint, int>)Export("sqlite3_reset");

    /// <summary>Whether the calls may be used; a constant to the compiler of the running program.</summary>
    public static readonly bool IsFound = Library != 0;

    public static void BindLong(nint statement, int index, long value) => BindLongAt(statement, index, value);

    public static void BindNull(nint statement, int index) => BindNullAt(statement, index);

    public static long ColumnLong(nint statement, int column) => ColumnLongAt(statement, column);

    public static int ColumnType(nint statement, int column) => ColumnTypeAt(statement, column);

    public static int Step(nint statement) => StepAt(statement);

    public static int Reset(nint statement) => ResetAt(statement);

    private static nint Find() =>
        NativeLibrary.TryLoad(raw.GetNativeLibraryName(), typeof(Native).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, "sqlite3_bind_int64", out _)
            ? library : 0;

    private static nint Export(string name) => Library == 0 ? 0 : NativeLibrary.GetExport(Library, name);
}
