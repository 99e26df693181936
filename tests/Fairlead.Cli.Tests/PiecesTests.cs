using Fairlead.Cli.Stores;

namespace Fairlead.Cli.Tests;

/// <summary>The small pieces, in tables.</summary>
public sealed class PiecesTests
{
    [Theory]
    [InlineData("250ms", 0.25)]
    [InlineData("60s", 60)]
    [InlineData("1.5m", 90)]
    [InlineData("2h", 7200)]
    [InlineData("7d", 604_800)]
    [InlineData("0s", 0)]
    public void Durations_are_read(string text, double seconds)
    {
        DurationText.TryParse(text, out var duration).ShouldBeTrue();
        duration.TotalSeconds.ShouldBe(seconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5w")]
    [InlineData("1e9d")]
    [InlineData("99999999d")]
    public void What_is_no_duration_is_refused(string text) => DurationText.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("64KiB", 65_536)]
    [InlineData("2GiB", 2_147_483_648)]
    [InlineData("512B", 512)]
    public void Sizes_are_read(string text, long bytes)
    {
        SizeText.TryParse(text, out var size).ShouldBeTrue();
        size.ShouldBe(bytes);
    }

    [Theory]
    [InlineData("sqlite:./a.db", "sqlite:./a.db")]
    [InlineData("sqlite:/data/a.db", "sqlite:/data/a.db")]
    [InlineData("memory:", "memory:")]
    [InlineData("postgres://h/d", "postgres://h:5432/d")]
    [InlineData("postgresql://u:hunter2@h:6543/d?schema=x", "postgres://h:6543/d?schema=x")]
    public void Addresses_are_read(string text, string address) => StoreAddress.Parse(text, "test").ToString().ShouldBe(address);

    [Theory]
    [InlineData("postgres://u:hunter2@h")]
    [InlineData("postgres://u:hunter2@h/d?schema=Big")]
    [InlineData("postgres://u:hunter2@h/d?sslmode=hunter2")]
    [InlineData("postgres://u:hunter2@h/d?password=hunter2&nonesuch=hunter2")]
    [InlineData("postgres://u:1hunter2/x@h/d")]
    [InlineData("postgres://u:1/hunter2@h/d")]
    [InlineData("postgres://u:hun@ter2@h:99999999/d")]
    [InlineData("postgres:u:hunter2@h")]
    [InlineData("postgres:Host=h;Password=hunter2;Nonesuch=1")]
    [InlineData("mysql://u:hunter2@h/d")]
    public void An_address_that_is_wrong_is_refused_without_its_password(string text)
    {
        var refused = Should.Throw<CommandFailure>(() => StoreAddress.Parse(text, "--store"));

        (refused.Message.Contains("hunter2", StringComparison.Ordinal) || refused.Message.Contains("ter2", StringComparison.Ordinal)).ShouldBeFalse(refused.Message);
    }

    [Theory]
    [InlineData("--concurency", "--concurrency")]
    [InlineData("--nmae", "--name")]
    [InlineData("--zzz", null)]
    public void The_nearest_name_is_found_if_it_is_near(string typed, string? expected) =>
        NearestName.Of(typed, ["--name", "--concurrency", "--input"]).ShouldBe(expected);

    [Theory]
    [InlineData("plain")]
    [InlineData("with \"quotes\" and \\")]
    [InlineData("tab\tand \u0001 and äß漢🙂")]
    public void A_line_becomes_a_json_string_and_comes_back(string line)
    {
        var payload = Runs.RunLine.ToPayload(System.Text.Encoding.UTF8.GetBytes(line));
        System.Text.Json.JsonDocument.Parse(payload).RootElement.GetString().ShouldBe(line);
        Runs.RunLine.Read(payload).ShouldBe(line);
    }

    [Fact]
    public void A_tables_cells_stay_on_their_line()
    {
        var table = new Table("a", "b");
        table.Add("x\ny", "\u001b[2Jz");
        using var writer = new StringWriter { NewLine = "\n" };
        table.Write(writer, terminal: false);
        writer.ToString().ShouldBe("x y\t[2Jz\n");
    }
}
