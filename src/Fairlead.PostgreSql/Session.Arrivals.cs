using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>What callers' own transactions brought becomes jobs: at the beginning of whatever is written next.</summary>
internal sealed partial class Session
{
    /// <summary>Takes in what waits.</summary>
    /// <returns>True when there was anything.</returns>
    public bool TakeIn()
    {
        var (ids, arrivals) = (new List<long>(), new List<Arrival>());
        var row = statements["arrivals"].Add(Horizon);
        while (row.Step())
        {
            ids.Add(row.Long(0));
            arrivals.Add(JsonSerializer.Deserialize(row.Text(1), StoreJson.Default.Arrival)!);
        }
        arrivals.ForEach(TakeIn);
        if (ids.Count > 0)
        {
            statements["forget_arrivals"].Add([.. ids]).Run();
        }
        return ids.Count > 0;
    }

    private void TakeIn(Arrival arrival)
    {
        if (arrival.Settlement is { } settlement)
        {
            // Its attempt held its job when it was promised; that it may have lost it since changes nothing.
            new KeyDesk(this).Write(settlement);
            return;
        }
        given = arrival.First;
        Foresee(arrival.Batch?.Items ?? arrival.Jobs, arrival.Batch?.MaxParallel ?? long.MaxValue);
        if (arrival.Batch is { } batch)
        {
            AddBatch(batch, [], parent: null, strict: false);
        }
        else
        {
            AddAll(arrival.Jobs);
        }
        given = 0;
    }
}
