namespace Fairlead.Cli;

/// <summary>What the program answers to its caller.</summary>
internal static class ExitCode
{
    public const int AllWell = 0;
    public const int SomeFailed = 1;
    public const int Usage = 2;
    public const int StoreAway = 3;
    public const int Interrupted = 130;
}
