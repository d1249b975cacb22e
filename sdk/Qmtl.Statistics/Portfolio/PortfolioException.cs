namespace Qmtl.Statistics;

/// <summary>Why weights cannot be given.</summary>
public enum PortfolioFault
{
    /// <summary>An input is not a number, or has the wrong size.</summary>
    InvalidInput,

    /// <summary>There are too few observations for what is asked.</summary>
    TooLittleData,

    /// <summary>A series does not move, so that its risk is unknown rather than zero.</summary>
    NoVariance,

    /// <summary>No weights meet all constraints.</summary>
    Infeasible,

    /// <summary>The covariance is not that of anything: it is not symmetric, or some portfolio would have a negative variance.</summary>
    NotACovariance,

    /// <summary>The problem has no finite answer, or none was found that is proven optimal.</summary>
    NotConverged,
}

/// <summary>Weights cannot be given; no guess takes their place.</summary>
public sealed class PortfolioException : Exception
{
    /// <summary>Creates one.</summary>
    /// <param name="fault">What kind of reason.</param>
    /// <param name="message">What is wrong and what would help.</param>
    /// <param name="index">The asset it is about; null when it is about none in particular.</param>
    public PortfolioException(PortfolioFault fault, string message, int? index = null)
        : base(message)
    {
        Fault = fault;
        Index = index;
    }

    /// <summary>What kind of reason.</summary>
    public PortfolioFault Fault { get; }

    /// <summary>Position of the asset it is about, from 0; null when it is about none in particular.</summary>
    public int? Index { get; }
}
