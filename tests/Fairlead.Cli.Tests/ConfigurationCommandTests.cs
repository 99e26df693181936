namespace Fairlead.Cli.Tests;

/// <summary>The commands around <c>fairlead.yaml</c>, as programs.</summary>
public sealed class ConfigurationCommandTests : IDisposable
{
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Init_writes_a_file_and_never_over_one()
    {
        (await _here.RunAsync("init")).With(ExitCode.AllWell);
        var written = File.ReadAllText(_here.File("fairlead.yaml"));
        written.ShouldContain("run: [cat]");
        File.WriteAllText(_here.File("fairlead.yaml"), "store: sqlite:./mine.db\n");

        (await _here.RunAsync("init")).With(ExitCode.Usage).Saying("fairlead.yaml is there already");

        File.ReadAllText(_here.File("fairlead.yaml")).ShouldBe("store: sqlite:./mine.db\n");
        (await _here.RunAsync("init", "other.yaml")).With(ExitCode.AllWell);
        File.ReadAllText(_here.File("other.yaml")).ShouldBe(written);
    }

    [Fact]
    public async Task Schema_writes_json()
    {
        var ended = (await _here.RunAsync("schema")).With(ExitCode.AllWell);
        System.Text.Json.JsonDocument.Parse(ended.Output).RootElement.GetProperty("properties").GetProperty("queues").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Object);
    }

    [Theory]
    [InlineData("store: sqlite:./named.db\nqueues: { broken: [ }\nnonsense: 1\n")]
    [InlineData("nonsense: { a: [1, 2] }\nstore: 'sqlite:./named.db'\n")]
    public async Task Commands_find_the_store_whatever_else_is_wrong(string yaml)
    {
        File.WriteAllText(_here.File("fairlead.yaml"), yaml);

        (await _here.RunAsync("enqueue", "q", "1")).With(ExitCode.AllWell);

        File.Exists(_here.File("named.db")).ShouldBeTrue();
    }

    [Fact]
    public async Task A_wrong_store_is_an_error_with_its_place_and_without_its_password()
    {
        File.WriteAllText(_here.File("fairlead.yaml"), "# ours\nstore: mysql://user:hunter2@host/db\n");

        var ended = (await _here.RunAsync("jobs")).With(ExitCode.Usage).Saying("fairlead: fairlead.yaml:2:8: store expects an address such as sqlite:./fairlead.db");

        ended.Errors.ShouldNotContain("hunter2");
    }
}
