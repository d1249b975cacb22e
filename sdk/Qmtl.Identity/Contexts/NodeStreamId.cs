namespace Qmtl.Identity;

/// <summary>Names the values of one node in one context over one set of inputs: what sessions share, and nothing else.</summary>
public static class NodeStreamId
{
    private const char Separator = '\u001f';

    /// <summary><c>"blake3:" + hex(BLAKE3(compute_key␟inputs))</c>.</summary>
    /// <param name="computeKey">The node's compute key.</param>
    /// <param name="inputs">Fingerprint of the inputs.</param>
    public static string Of(string computeKey, string inputs)
    {
        ArgumentNullException.ThrowIfNull(computeKey);
        ArgumentNullException.ThrowIfNull(inputs);
        return SeparatedHash.Of(Separator, computeKey, inputs);
    }
}
