namespace Fairlead.Samples.PriceUpdate;

/// <summary>One machine's price is to be fetched and kept.</summary>
/// <param name="Machine">Its row.</param>
/// <param name="Name">Its name.</param>
/// <param name="Url">Its page.</param>
/// <param name="Domain">Whose page: the group, by which jobs share.</param>
/// <param name="Tier">How it is fetched, which is also how long that may take; 0 for without the scraping service.</param>
internal sealed record UpdatePrice(long Machine, string Name, Uri Url, string Domain, int Tier)
{
    /// <summary>Its queue.</summary>
    public const string Queue = "prices";

    public static UpdatePrice Of(Machine machine, bool scraped) => new(machine.Id, machine.Name, machine.Url, machine.Url.Host, scraped ? machine.Tier : 0);
}

/// <summary>Fetches one price and keeps it.</summary>
internal sealed partial class UpdatePriceHandler(ScraperClient scraper, MachineTable machines, TimeProvider time, ILogger<UpdatePriceHandler> logger) : IJobHandler<UpdatePrice, Price>
{
    /// <inheritdoc />
    public async Task<Price> HandleAsync(UpdatePrice job, JobContext context, CancellationToken cancellationToken)
    {
        LogProcessing(job.Name, job.Tier);
        var asked = time.GetUtcNow();
        try
        {
            var price = await scraper.FetchAsync(job.Url, job.Tier, cancellationToken);
            machines.Keep(job.Machine, price, asked);
            LogPrice(job.Name, price.Amount, price.Currency);
            return price;
        }
        finally
        {
            machines.NoteTime(job.Machine, time.GetUtcNow() - asked);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Processing machine {Machine} (tier {Tier})")]
    private partial void LogProcessing(string machine, int tier);

    [LoggerMessage(2, LogLevel.Information, "{Machine}: {Amount} {Currency}")]
    private partial void LogPrice(string machine, decimal amount, string currency);
}
