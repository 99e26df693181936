namespace Fairlead.Cli.Alerts;

/// <summary>An alert could not be told. Its message names neither the URL nor arguments: both may hold secrets.</summary>
internal sealed class AlertFailure(string message) : Exception(message);
