using Qmtl.Identity;

namespace Qmtl.Cli.Shell;

/// <summary>The command was used wrongly: nothing was done, and the exit code says so.</summary>
internal sealed class UsageException(RefusalException refusal) : Exception(refusal.Detail, refusal)
{
    public UsageException(string option, string message)
        : this(RefusalException.At(ReasonCodes.InvalidArgument, "/" + option.TrimStart('-'), message))
    {
    }

    public RefusalException Refusal { get; } = refusal;
}

/// <summary>Turns refusals of what the user typed into wrong usage.</summary>
internal static class Usage
{
    private static readonly string[] OfArguments =
        [ReasonCodes.InvalidArgument.Code, ReasonCodes.UnknownField.Code, ReasonCodes.StrategyUnknown.Code, ReasonCodes.NotFound.Code];

    /// <summary>Runs what depends on nothing but the arguments.</summary>
    public static T Of<T>(Func<T> bind)
    {
        try
        {
            return bind();
        }
        catch (RefusalException refusal) when (OfArguments.Contains(refusal.Code.Code, StringComparer.Ordinal))
        {
            throw new UsageException(refusal);
        }
    }
}
