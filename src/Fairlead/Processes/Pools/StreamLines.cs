using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

/// <summary>What a host writes to a process of <c>protocol: stream</c>; one JSON object a line, see docs/workers.md.</summary>
internal sealed class StreamLines
{
    private const int Small = 4 * 1024 * 1024;
    private static readonly JsonDocumentOptions s_deep = new() { MaxDepth = 1000 };
    private ArrayBufferWriter<byte> _buffer = new(1024);
    private Utf8JsonWriter? _writer;

    /// <summary>Work at it. A line is good until the next is made.</summary>
    /// <param name="attempt">The attempt; its turn has come, or it stands in line behind others.</param>
    /// <param name="deadline">When it must have ended.</param>
    /// <param name="more">What is said beyond the protocol; null for nothing.</param>
    public ReadOnlySpan<byte> Job(Attempt attempt, DateTimeOffset deadline, Action<Utf8JsonWriter, Attempt>? more = null) => Line(writer =>
    {
        var job = attempt.Job;
        writer.WriteNumber("job"u8, job.Key.Job.Value);
        writer.WriteString("queue"u8, job.Queue);
        writer.WriteString("kind"u8, job.Kind.Name);
        writer.WriteNumber("version"u8, job.Kind.Version);
        writer.WriteNumber("attempt"u8, job.Attempt);
        writer.WriteNumber("fence"u8, job.Key.Fence);
        if (job.Group is { } group)
        {
            writer.WriteString("group"u8, group);
        }
        writer.WriteString("deadline"u8, deadline.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        if (job.ScheduledFor is { } time)
        {
            writer.WriteString("scheduled_for"u8, time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        }
        more?.Invoke(writer, attempt);
        writer.WritePropertyName("payload"u8);
        if (job.Payload.IsEmpty)
        {
            writer.WriteNullValue();
        }
        else if (job.Payload.Span.IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            writer.WriteRawValue(job.Payload.Span, skipInputValidation: true);
        }
        else
        {
            // A payload that was written with line breaks is one line here.
            using var document = JsonDocument.Parse(job.Payload, s_deep);
            document.WriteTo(writer);
        }
    });

    public ReadOnlySpan<byte> Cancel(JobId job) => Line(writer => writer.WriteNumber("cancel"u8, job.Value));

    public ReadOnlySpan<byte> Permit(string limit, JobId job) => Line(writer =>
    {
        writer.WriteString("permit"u8, limit);
        writer.WriteNumber("for"u8, job.Value);
    });

    public ReadOnlySpan<byte> Refused(string limit, JobId job, double seconds, string? reason) => Line(writer =>
    {
        writer.WriteString("refused"u8, limit);
        writer.WriteNumber("for"u8, job.Value);
        writer.WriteNumber("seconds"u8, Math.Round(seconds, 3));
        if (reason is not null)
        {
            writer.WriteString("reason"u8, reason);
        }
    });

    public ReadOnlySpan<byte> Refused(JsonElement keys, JobId? job, double seconds, string? reason) => Line(writer =>
    {
        Word(writer, "refused"u8, keys);
        if (job is { } of)
        {
            writer.WriteNumber("for"u8, of.Value);
        }
        writer.WriteNumber("seconds"u8, Math.Round(seconds, 3));
        if (reason is not null)
        {
            writer.WriteString("reason"u8, reason);
        }
    });

    /// <summary>Which of the keys that it asked for are new; of those that are not, which another attempt holds only until it has ended.</summary>
    public ReadOnlySpan<byte> Once(OnceRequest asked, JobId job, IReadOnlyList<KeyAnswer> answers) => Line(writer =>
    {
        Word(writer, "once"u8, asked.Word);
        writer.WriteNumber("for"u8, job.Value);
        Write(writer, "new"u8, asked.IsList, answers, KeyAnswer.New);
        if (answers.Contains(KeyAnswer.Held))
        {
            Write(writer, "held"u8, asked.IsList, answers, KeyAnswer.Held);
        }
    });

    private static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool isList, IReadOnlyList<KeyAnswer> answers, KeyAnswer wanted)
    {
        writer.WritePropertyName(name);
        if (!isList)
        {
            writer.WriteBooleanValue(answers[0] == wanted);
            return;
        }
        writer.WriteStartArray();
        foreach (var answer in answers)
        {
            writer.WriteBooleanValue(answer == wanted);
        }
        writer.WriteEndArray();
    }

    private static void Word(Utf8JsonWriter writer, ReadOnlySpan<byte> name, JsonElement word)
    {
        writer.WritePropertyName(name);
        word.WriteTo(writer);
    }

    private ReadOnlySpan<byte> Line(Action<Utf8JsonWriter> write)
    {
        if (_buffer.Capacity > Small)
        {
            (_buffer, _writer) = (new ArrayBufferWriter<byte>(1024), null);
        }
        _buffer.ResetWrittenCount();
        _writer ??= new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });
        _writer.Reset(_buffer);
        _writer.WriteStartObject();
        write(_writer);
        _writer.WriteEndObject();
        _writer.Flush();
        _buffer.GetSpan(1)[0] = (byte)'\n';
        _buffer.Advance(1);
        return _buffer.WrittenSpan;
    }
}
