namespace Qmtl.WorldService.Apply;

/// <summary>Section <c>WorldService:Apply</c> of the configuration.</summary>
internal sealed class ApplyOptions
{
    public const string Section = "WorldService:Apply";

    /// <summary>How many observers must acknowledge a phase: all, majority, or a number (of those there are).</summary>
    public string Quorum { get; set; } = "all";

    /// <summary>The quorum that <see cref="Quorum"/> names.</summary>
    /// <exception cref="InvalidOperationException">It names none.</exception>
    public Quorum ReadQuorum() =>
        Apply.Quorum.TryParse(Quorum, out var quorum) ? quorum : throw new InvalidOperationException($"{Section}:Quorum was '{Quorum}'; it must be all, majority or a positive number.");
}
