namespace Fairlead.Samples.PriceUpdate;

/// <summary>What <c>POST /api/v1/batch-update</c> answers, whether at once or at the end.</summary>
/// <param name="BatchId">The batch.</param>
/// <param name="Name">By which commands find it: <c>fairlead logs -f NAME</c>.</param>
/// <param name="Status">How it stands.</param>
/// <param name="TotalMachines">How many machines it is for.</param>
/// <param name="SuccessCount">How many have a new price.</param>
/// <param name="ErrorCount">How many have none: they failed, or ran out of time.</param>
/// <param name="TimedOutCount">How many of those ran out of time.</param>
/// <param name="Links">Where to see more.</param>
internal sealed record BatchUpdateBody(long BatchId, string? Name, string Status, long TotalMachines, long SuccessCount, long ErrorCount, long TimedOutCount, BatchLinks Links)
{
    public static BatchUpdateBody Of(Job batch)
    {
        var (state, job) = (batch.BatchState!, $"/api/v1/jobs/{batch.Id}");
        var links = new BatchLinks(job, $"{job}/log", $"{job}/items", $"{job}/explain", $"/api/v1/groups?queue={UpdatePrice.Queue}");
        return new(batch.Id.Value, state.Name, batch.Status.ToWire(), state.Items.Total, state.Items.Completed, state.Items.Failed, state.Items.TimedOut, links);
    }
}

/// <summary>Where to see more of a batch.</summary>
/// <param name="Job">How far it is.</param>
/// <param name="Log">What its workers say; <c>?after=</c> the last answer's <c>next</c> gives what came since.</param>
/// <param name="Items">Its machines, one by one.</param>
/// <param name="Explain">Where its time went.</param>
/// <param name="Domains">The health of each domain.</param>
internal sealed record BatchLinks(string Job, string Log, string Items, string Explain, string Domains);
