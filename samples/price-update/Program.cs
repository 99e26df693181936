using Fairlead;
using Fairlead.Samples.PriceUpdate;
using Microsoft.Extensions.Logging.Console;

// dotnet run --project samples/price-update -- [--urls http://127.0.0.1:5080] [--Scraper http://127.0.0.1:5105]
var builder = WebApplication.CreateBuilder(args);
builder.Logging.AddSimpleConsole(static console => (console.SingleLine, console.ColorBehavior) = (true, LoggerColorBehavior.Disabled)).AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
builder.Services.ConfigureHttpJsonOptions(static json => json.SerializerOptions.PropertyNamingPolicy = System.Text.Json.JsonNamingPolicy.SnakeCaseLower);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(new MachineTable("prices.db"));
builder.Services.AddSingleton<BatchUpdates>();

// No timeout of its own: how long a request may take is its queue's to say.
builder.Services.AddHttpClient<ScraperClient>(client => (client.BaseAddress, client.Timeout) = (new Uri(builder.Configuration["Scraper"] ?? "http://127.0.0.1:5105"), Timeout.InfiniteTimeSpan));

builder.Services.AddFairlead(f => f
    .UseSqlite("Data Source=fairlead.db")
    .AddQueue(UpdatePrice.Queue, PricesQueue.Configure)
    .AddJob<UpdatePrice, Price, UpdatePriceHandler>("price.update", UpdatePrice.Queue)
    .RunWorkers(static node => node.Concurrency = 100));

var app = builder.Build();
app.Services.GetRequiredService<MachineTable>().Create(Path.Combine(AppContext.BaseDirectory, "machines.csv"));
app.MapPost("/api/v1/batch-update", static (HttpRequest request, BatchUpdates updates) => updates.PostAsync(request));
app.MapFairlead();
await app.RunAsync();
