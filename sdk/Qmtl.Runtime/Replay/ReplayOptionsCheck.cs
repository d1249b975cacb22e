using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.Runtime;

/// <summary>Refuses options that make no sense, all of them at once.</summary>
internal static class ReplayOptionsCheck
{
    private const decimal MaxBasisPoints = 5_000m;

    public static void ThrowIfRefused(ReplayOptions options)
    {
        FieldError[] errors = [.. FindInTerms(options), .. FindInSizing(options)];
        if (errors.Length > 0) throw new RefusalException(ReasonCodes.InvalidArgument, string.Join(" ", errors.Select(error => $"{error.Pointer[1..]} {error.Message}.")), errors);
    }

    private static IEnumerable<FieldError> FindInTerms(ReplayOptions options)
    {
        if (options.Cash is <= 0 or > 1_000_000_000_000_000m) yield return Error("cash", "must be above 0 and at most 1e15", options.Cash);
        if (options.CommissionBps is < 0 or > MaxBasisPoints) yield return Error("commission-bps", $"must be 0..{MaxBasisPoints}", options.CommissionBps);
        if (options.SlippageBps is < 0 or > MaxBasisPoints) yield return Error("slippage-bps", $"must be 0..{MaxBasisPoints}", options.SlippageBps);
        if (options.Leverage is < 1 or > 1000) yield return Error("leverage", "must be 1..1000", options.Leverage);
        if (options.BarsPerYear is { } bars && !(bars > 0 && double.IsFinite(bars))) yield return Error("bars-per-year", "must be above 0", bars);
        if (options.BlockLength is < 1 or > 65_536) yield return Error("block-length", "must be 1..65536", options.BlockLength);
    }

    private static IEnumerable<FieldError> FindInSizing(ReplayOptions options)
    {
        if (options.Sizing == SizingMode.Fixed && options.Size is null) yield return new FieldError("/size", "is needed for fixed sizing");
        if (options.Sizing != SizingMode.Fixed && options.Size is not null) yield return new FieldError("/size", "is only used with fixed sizing");
        if (options.Size is <= 0 or > 1_000_000_000m) yield return Error("size", "must be above 0 and at most 1e9", options.Size.Value);
        if (options is { WholeUnits: true, Size: { } size } && decimal.Truncate(size) != size) yield return Error("size", "must be a whole number with whole-units", size);
    }

    private static FieldError Error(string option, string rule, IFormattable value) => new("/" + option, $"{rule}, was {value.ToString(null, CultureInfo.InvariantCulture)}");
}
