using System.ComponentModel;
using System.Globalization;

namespace Fairlead;

/// <summary>Lets configuration say a value as people write it.</summary>
internal abstract class TextConverter<T>(Func<string, T> parse) : TypeConverter
{
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        value is string text ? parse(text) : base.ConvertFrom(context, culture, value);
}

/// <summary><c>8/s</c>.</summary>
internal sealed class RateConverter() : TextConverter<Rate>(Rate.Parse);

/// <summary><c>00:00 America/Los_Angeles</c>.</summary>
internal sealed class DailyResetConverter() : TextConverter<DailyReset>(DailyReset.Parse);

/// <summary>The name of a limit.</summary>
internal sealed class LimitUseConverter() : TextConverter<LimitUse>(LimitUse.FromName);
