using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.OwnProcess;

/// <summary>What a process says to its host: <c>protocol: stream</c>. Safe from any thread.</summary>
internal sealed class ChildLines(LineWriter writer)
{
    private const int LongestText = 64 * 1024;

    [ThreadStatic]
    private static Composer? t_composer;

    /// <summary>What the attempt enqueued, and that it completed, in one piece.</summary>
    public void Done(JobId job, WorkResult.Completed done)
    {
        var line = Begin();
        foreach (var next in done.Enqueue)
        {
            line.Open();
            Enqueue(line.Json, job, next);
            line.Close();
        }
        line.Open();
        line.Json.WriteNumber("done"u8, job.Value);
        if (!done.Result.IsEmpty)
        {
            line.Raw("result"u8, done.Result.Span);
        }
        line.Close();
        writer.Write(line.Written);
    }

    /// <summary>The attempt failed.</summary>
    public void Failed(JobId job, string error, bool retry) => Say(line =>
    {
        line.WriteNumber("failed"u8, job.Value);
        line.WriteString("error"u8, Cut(error));
        line.WriteBoolean("retry"u8, retry);
    });

    /// <summary>The job is to come later.</summary>
    public void Defer(JobId job, TimeSpan? delay, string? reason) => Say(line =>
    {
        line.WriteNumber("defer"u8, job.Value);
        if (delay is { } wait)
        {
            line.WriteNumber("seconds"u8, wait.TotalSeconds);
        }
        line.WriteString("reason"u8, Cut(reason ?? ""));
    });

    /// <summary>How far the attempt is.</summary>
    public void Progress(JobId job, AttemptProgress progress) => Say(line =>
    {
        line.WriteNumber("progress"u8, job.Value);
        line.WriteNumber("processed"u8, progress.Processed);
        line.WriteNumber("total"u8, progress.Total);
    });

    /// <summary>A line of its log.</summary>
    public void Log(JobId job, LogLevel level, string message) => Say(line =>
    {
        line.WriteNumber("log"u8, job.Value);
        line.WriteString("message"u8, Cut(message));
        if (level != LogLevel.Information)
        {
            line.WriteString("level"u8, Word(level));
        }
    });

    /// <summary>It waits for permits, or goes on: its time stands still meanwhile.</summary>
    public void Waiting(JobId job, bool waits) => Say(line => line.WriteNumber(waits ? "waits"u8 : "works"u8, job.Value));

    private static void Enqueue(Utf8JsonWriter line, JobId by, NewJob job)
    {
        line.WriteNumber("enqueue"u8, by.Value);
        line.WriteString("queue"u8, job.Queue);
        line.WriteString("kind"u8, job.Kind.Name);
        line.WriteNumber("version"u8, job.Kind.Version);
        Seconds(line, "delay"u8, job.Delay > TimeSpan.Zero ? job.Delay : null);
        Seconds(line, "timeout"u8, job.Timeout);
        Seconds(line, "deadline"u8, job.Deadline);
        line.WriteNumber("priority"u8, job.Priority);
        Text(line, "group"u8, job.Group);
        Text(line, "unique"u8, job.UniqueKey);
        if (job.Retries is { } retries)
        {
            line.WriteNumber("retries"u8, retries);
        }
        if (job.After.Count > 0)
        {
            line.WriteStartArray("after"u8);
            foreach (var first in job.After)
            {
                line.WriteNumberValue(first.Value);
            }
            line.WriteEndArray();
        }
        if (job.Then is { } then)
        {
            line.WriteStartObject("then"u8);
            line.WriteString("queue"u8, then.Queue);
            line.WriteString("kind"u8, then.Kind.Name);
            line.WriteNumber("version"u8, then.Kind.Version);
            line.WriteEndObject();
        }
        Composer.Raw(line, "payload"u8, job.Payload.Span);
    }

    private static void Seconds(Utf8JsonWriter line, ReadOnlySpan<byte> name, TimeSpan? time)
    {
        if (time is { } some)
        {
            line.WriteNumber(name, some.TotalSeconds);
        }
    }

    private static void Text(Utf8JsonWriter line, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null)
        {
            line.WriteString(name, text);
        }
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        LogLevel.Critical => "critical",
        _ => "information",
    };

    private static string Cut(string text) => text.Length <= LongestText ? text : $"{text.AsSpan(0, LongestText)}… (cut: it had {text.Length:N0} characters)";

    private void Say(Action<Utf8JsonWriter> words)
    {
        var line = Begin();
        line.Open();
        words(line.Json);
        line.Close();
        writer.Write(line.Written);
    }

    private static Composer Begin()
    {
        var composer = t_composer ??= new Composer();
        composer.Clear();
        return composer;
    }

    /// <summary>Puts lines together, without a lock.</summary>
    private sealed class Composer
    {
        private const int MostKept = 1024 * 1024;
        private ArrayBufferWriter<byte> _bytes = new(512);

        public Composer() => Json = new(_bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

        public Utf8JsonWriter Json { get; }

        public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

        public void Clear()
        {
            _bytes = _bytes.Capacity > MostKept ? new(512) : _bytes;
            _bytes.ResetWrittenCount();
        }

        public void Open()
        {
            Json.Reset(_bytes);
            Json.WriteStartObject();
        }

        public void Close()
        {
            Json.WriteEndObject();
            Json.Flush();
            _bytes.Write("\n"u8);
        }

        public void Raw(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Raw(Json, name, value);

        /// <summary>JSON as it is, on one line: in JSON a line end stands only between words, and may be a space as well.</summary>
        public static void Raw(Utf8JsonWriter line, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            line.WritePropertyName(name);
            if (value.ContainsAny((byte)'\n', (byte)'\r'))
            {
                var flat = value.ToArray();
                flat.AsSpan().Replace((byte)'\n', (byte)' ');
                flat.AsSpan().Replace((byte)'\r', (byte)' ');
                line.WriteRawValue(flat, skipInputValidation: true);
                return;
            }
            line.WriteRawValue(value, skipInputValidation: true);
        }
    }
}
