using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Bench.Floors;

/// <summary>Two Python programs and two pipes between them: what lines of <c>protocol: stream</c> cost with nothing else around them.</summary>
internal static class BarePipes
{
    /// <summary>Says so many lines ahead, waits for as many answers, and again.</summary>
    private const string Asker = """
        import subprocess, sys, time
        answerer, lines, ahead = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        worker = subprocess.Popen([sys.executable, '-c', answerer], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        to, answers = worker.stdin, worker.stdout
        line = b'{"job":%d,"queue":"q","kind":"noop","version":1,"attempt":1,"fence":1,"deadline":"2030-01-01T00:00:00.000Z","payload":{"product":12345678}}\n' % 1000000
        to.write(line)
        to.flush()
        answers.readline()
        began = time.perf_counter()
        for turn in range(lines // ahead):
            to.write(line * ahead)
            to.flush()
            for answer in range(ahead):
                answers.readline()
        print(lines // ahead * ahead / (time.perf_counter() - began))
        to.close()
        worker.wait()
        """;

    /// <summary>Lines there and back a second.</summary>
    /// <param name="answerer">The program of the worker.</param>
    /// <param name="lines">How many.</param>
    /// <param name="ahead">How many are under way at once.</param>
    public static double PerSecond(string answerer, int lines, int ahead)
    {
        using var asker = Process.Start(new ProcessStartInfo("python3", ["-c", Asker, answerer, $"{lines}", $"{ahead}"]) { RedirectStandardOutput = true })!;
        return double.Parse(asker.StandardOutput.ReadToEnd(), CultureInfo.InvariantCulture);
    }
}
