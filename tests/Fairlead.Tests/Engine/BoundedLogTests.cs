using Fairlead.Engine;
using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Engine;

public sealed class BoundedLogTests
{
    [Theory]
    [InlineData(20_000, 3, 10_000)]
    [InlineData(2_000, 1024, 1024)]
    [InlineData(5_000, 1_000_000, 1)]
    public void A_log_is_cut_once_and_says_so(int lines, int length, int kept)
    {
        var log = new Kept();
        var line = new string('x', length);
        for (var i = 0; i < lines; i++)
        {
            log.Write(LogLevel.Information, line);
        }
        log.Lines.Count.ShouldBe(kept + 1);
        log.Lines[^1].ShouldStartWith("The log of this attempt was cut here");
        log.Lines.Count(text => text == line).ShouldBe(kept);
    }

    private sealed class Kept : BoundedLog
    {
        public List<string> Lines { get; } = [];

        protected override void Keep(LogLevel level, string message) => Lines.Add(message);
    }
}
