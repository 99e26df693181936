namespace Fairlead.Cli.Alerts;

/// <summary>A way to tell people.</summary>
internal interface IAlertChannel
{
    /// <summary>Tells one alert.</summary>
    /// <exception cref="AlertFailure">It could not be told.</exception>
    Task TellAsync(AlertBody alert, CancellationToken cancellationToken);
}
