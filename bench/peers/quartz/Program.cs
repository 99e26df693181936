// Quartz on its PostgreSQL job store: 20 threads, 20 triggers at once. A trigger that has fired for the last time is deleted.
using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Quartz;
using QuartzPeer;

var address = new Uri(args[0]);
var jobs = int.Parse(args[1], CultureInfo.InvariantCulture);
var database = $"Host={address.Host};Port={address.Port};Username={address.UserInfo};Database={address.AbsolutePath.Trim('/')}";
var scheduler = await QuartzSchedulerBuilder.Create(quartz => quartz
    .ConfigureScheduler(static options => options.MaxBatchSize = 20)
    .UseDefaultThreadPool(maxConcurrency: 20)
    .UsePersistentStore(store =>
    {
        store.UsePostgres(database);
        store.UseSystemTextJsonSerializer();
        store.ProvisionSchema();
    })).BuildScheduler();
for (var done = 0; done < jobs; done += 1000)
{
    await Backlog.AddAsync(scheduler, done, Math.Min(1000, jobs - done));
}

await using var looking = new NpgsqlConnection(database);
await looking.OpenAsync();
Console.WriteLine("filled");
Console.ReadLine();
var began = Stopwatch.GetTimestamp();
await scheduler.Start();
await NoOp.RanAsync(jobs);
while (await Backlog.IsLeftAsync(looking))
{
    await Task.Delay(1);
}
var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
await scheduler.Shutdown();
Console.WriteLine($"drained {seconds.ToString(CultureInfo.InvariantCulture)}");
