using Fairlead.Cli.Configuration;

namespace Fairlead.Cli.Tests;

/// <summary>Secrets are in no message, and those of programs are known to whoever keeps their output.</summary>
public sealed class ConfigurationSecretTests
{
    private const string Secret = "hunter2-hunter2";

    [Theory]
    [InlineData($"store: mysql://user:{Secret}@host/db")]
    [InlineData($"store: postgres://user:{Secret}@host")]
    [InlineData($"store: postgres:user:{Secret}@host/db")]
    [InlineData($"store: postgres://user:1/{Secret}@host/db")]
    [InlineData($"store: postgres://user:{Secret}@host/db?nonesuch={Secret}")]
    [InlineData($"store: {{ url: {Secret} }}")]
    [InlineData($"store: [{Secret}]")]
    [InlineData($"store: {Secret}")]
    [InlineData("store: ${SECRET}")]
    [InlineData($"alerts: {{ url: ftp://{Secret}/ }}")]
    [InlineData($"alerts: {{ url: [{Secret}] }}")]
    [InlineData($"alerts: {Secret}")]
    [InlineData("alerts: { url: \"${SECRET}\" }")]
    [InlineData($"queues: {{ q: {{ run: [cat], env: {Secret} }} }}")]
    [InlineData($"queues: {{ q: {{ run: [cat], env: [{Secret}] }} }}")]
    [InlineData($"queues: {{ q: {{ run: [cat], env: {{ TOKEN: [{Secret}] }} }} }}")]
    [InlineData($"queues: {{ q: {{ run: [cat], env: {{ TOKEN: {{ a: {Secret} }} }} }} }}")]
    [InlineData($"queues: {{ q: {{ run: [cat], env: {{ TOKEN: {Secret}, TOKEN: {Secret} }} }} }}")]
    [InlineData($"queues: {{ q: {{ run: [cat], env: {{ TOKEN: \"{Secret}${{{Secret}}}\" }} }} }}")]
    [InlineData($"queues: {{ q: {{ run: [cat], env: {{ TOKEN: \"${{MISSING}}{Secret}\" }} }} }}")]
    [InlineData($"queues: {{ q: {{ env: {{ TOKEN: {Secret} }} }} }}")]
    [InlineData($"queues: {{ q: {{ run: [cat], evn: {{ TOKEN: {Secret} }} }} }}")]
    [InlineData($"queues: {{ q: {Secret} }}")]
    [InlineData("queues: { q: { retries: \"${SECRET}\" } }")]
    [InlineData("queues: { q: { protocol: \"${SECRET}\", run: [cat] } }")]
    [InlineData($"queues: {{ q: {{ run: [cat], env: {{ TOKEN: \"{Secret}")]
    public void No_message_has_a_secret(string yaml)
    {
        var errors = ConfigurationScene.Errors(yaml, ("SECRET", Secret));

        errors.ShouldNotBeEmpty();
        errors.ShouldAllBe(error => !error.Contains(Secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("FAIRLEAD__STORE")]
    [InlineData("FAIRLEAD__ALERTS__URL")]
    [InlineData("FAIRLEAD__QUEUES__Q__ENV")]
    [InlineData("FAIRLEAD__QUEUES__Q__EVN__TOKEN")]
    public void No_message_about_a_variable_has_its_secret(string name) =>
        ConfigurationScene.Errors("queues: { q: { run: [cat] } }", (name, Secret)).ShouldHaveSingleItem().ShouldNotContain(Secret);

    [Theory]
    [InlineData("{ A: \"${SECRET}\" }", Secret)]
    [InlineData("{ A: \"Bearer ${SECRET}\" }", Secret)]
    [InlineData("{ A: \"${SECRET}\", B: \"${SECRET}\" }", Secret)]
    [InlineData("{ A: plain }", "")]
    [InlineData("{ A: \"${SHORT}\" }", "")]
    [InlineData("{ A: \"${MISSING:-in the file}\" }", "")]
    public void What_comes_from_variables_is_a_secret_of_the_pool(string variables, string secrets)
    {
        var pool = ConfigurationScene.Queue($"run: [cat]\nenv: {variables}", ("SECRET", Secret), ("SHORT", "abc")).Pool!;

        pool.Secrets.ShouldBe(secrets.Length == 0 ? [] : secrets.Split(' '));
    }

    [Fact]
    public void Each_line_of_a_file_is_a_secret()
    {
        var files = new Dictionary<string, string> { ["/run/secrets/key"] = "-----BEGIN-----\nMIIEvQ\nab\n" };
        var pool = ConfigurationScene.ReadWith("queues: { q: { run: [cat], env: { KEY: \"${file:/run/secrets/key}\" } } }", files).Queues[0].Pool!;

        pool.Environment["KEY"].ShouldBe("-----BEGIN-----\nMIIEvQ\nab");
        pool.Secrets.ShouldBe(["-----BEGIN-----\nMIIEvQ\nab", "-----BEGIN-----", "MIIEvQ"]);
    }

    [Fact]
    public void No_text_of_the_model_has_a_secret()
    {
        var all = ConfigurationScene.Read(
            $"store: postgres://u:{Secret}@h/d\nalerts: {{ url: \"https://h/{Secret}\" }}\nqueues: {{ q: {{ run: [cat], env: {{ A: {Secret} }} }} }}");

        foreach (var text in new[] { all.ToString(), all.Alerts!.ToString(), all.Queues[0].ToString(), all.Queues[0].Pool!.ToString() })
        {
            text.ShouldNotContain(Secret);
        }
    }
}
