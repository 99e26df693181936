using System.Runtime.InteropServices;

namespace Fairlead.PostgreSql;

/// <summary>
/// Where the ready jobs of each line begin: claims do not look before it. Whoever makes a job ready lowers the beginning; where jobs are only counted as
/// ready (they were copied in), it is not known, and the next claim looks at the whole line.
/// </summary>
internal sealed partial class Session
{
    private readonly Dictionary<(long Queue, long Kind), (long Priority, long Job)> lowered = [];
    private readonly Dictionary<long, long> unplaced = [];

    /// <summary>So many of the queue's jobs that were counted as ready were put where they belong.</summary>
    private void Placed(long queue, long count) => CollectionsMarshal.GetValueRefOrAddDefault(unplaced, queue, out _) -= count;

    private void LowerLine(in Place place)
    {
        ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(lowered, (place.Queue, place.Kind), out var known);
        if (!known || (place.Priority, place.Job).CompareTo(first) < 0)
        {
            first = (place.Priority, place.Job);
            statements.Later("lower_line").Add(place.Queue).Add(place.Kind).Add(place.Priority).Add(place.Job).End();
        }
    }

    private void WriteLines()
    {
        long[] unknown = [.. unplaced.Where(static queue => queue.Value > 0).Select(static queue => queue.Key)];
        if (unknown.Length > 0)
        {
            statements["reset_lines"].Add(unknown).Run();
        }
        unplaced.Clear();
        lowered.Clear();
    }
}
