using Fairlead.Diagnostics;

namespace Fairlead.PostgreSql;

/// <summary>Batches that run only so many of their items at once: who is in play is counted in memory and written once an operation.</summary>
internal sealed partial class Session
{
    // So many parked items are read where nobody said how many places become free.
    private const int ParkedPage = 32;

    private readonly Dictionary<long, BatchPlaces> places = [];

    /// <summary>Takes what <c>batch_places</c> answered, and of <c>parked</c> the first <paramref name="most" /> of each batch.</summary>
    public void LearnPlaces(IReadOnlyCollection<long> batches, Statement counts, Statement parked, int most)
    {
        while (counts.Step())
        {
            places.TryAdd(counts.Long(0), new() { Open = counts.Long(1), Most = counts.Long(2) });
        }
        LearnParked(batches, parked, most);
    }

    /// <summary>An item of the batch comes into play, if it may.</summary>
    private bool TakePlace(long batch)
    {
        var known = PlacesOf(batch);
        if (known.Open >= known.Most)
        {
            // Where it stands among those that wait is for the next look to say.
            known.Parked = null;
            return false;
        }
        (known.Open, known.Changed) = (known.Open + 1, true);
        return true;
    }

    /// <summary>An item is no longer in play: the next one of its batch gets its place.</summary>
    public void LeavePlace(in Place place)
    {
        if (!place.Flags.HasFlag(JobFlags.Shared))
        {
            return;
        }
        var known = PlacesOf(place.Batch);
        known.Changed = true;
        if (NextParked(place.Batch, known) is not { } next)
        {
            known.Open--;
            return;
        }
        EndWait(next, WaitCause.Slot);
        next.Since = Now;
        LetIn(next);
    }

    /// <summary>Who comes next in the batch has to be asked again.</summary>
    private void ForgetParked(long batch)
    {
        if (places.TryGetValue(batch, out var known))
        {
            known.Parked = null;
        }
    }

    private BatchPlaces PlacesOf(long batch)
    {
        if (!places.TryGetValue(batch, out var known))
        {
            var row = statements["batch_places"].Add([batch]);
            places.Add(batch, known = row.Step() ? new() { Open = row.Long(1), Most = row.Long(2) } : new());
        }
        return known;
    }

    private Place? NextParked(long batch, BatchPlaces known)
    {
        if (known.Parked is not { Count: > 0 } && !known.IsEnd)
        {
            LearnParked([batch], statements["parked"].Add([batch]).Add(ParkedPage), ParkedPage);
        }
        return known.Parked!.TryDequeue(out var next) ? next : null;
    }

    private void LearnParked(IReadOnlyCollection<long> batches, Statement row, int most)
    {
        foreach (var batch in batches)
        {
            PlacesOf(batch).Parked = new();
        }
        while (row.Step())
        {
            var place = new Place { Job = row.Long(0) };
            place.ReadJob(row, 1);
            place.ReadWait(row, 6);
            places[place.Batch].Parked!.Enqueue(place);
        }
        foreach (var batch in batches)
        {
            places[batch].IsComplete = places[batch].Parked!.Count < most;
        }
    }

    private void WritePlaces()
    {
        var rows = new Rows();
        foreach (var (batch, known) in places)
        {
            if (known.Changed)
            {
                rows.Add(batch).Add(known.Open).End();
                known.Changed = false;
            }
        }
        Run("set_places", rows);
    }

    private sealed class BatchPlaces
    {
        public long Open;
        public long Most;

        /// <summary>The items that come next; null when that has to be asked.</summary>
        public Queue<Place>? Parked;

        /// <summary>Nobody waits behind <see cref="Parked" />.</summary>
        public bool IsComplete;
        public bool Changed;

        public bool IsEnd => Parked is not null && IsComplete;
    }
}
