using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Qmtl.Identity;

namespace Qmtl.DagManager.Diff;

/// <summary>A submission as one hash. Node identities are hashes of all that stands upstream of them, so equal roots mean equal graphs.</summary>
internal static class DiffRoot
{
    private const string Purpose = "qmtl.dagmanager 2026 submission root v1";
    private const int UsualBytesPerNode = 256;

    /// <summary>
    /// <c>"blake3:"</c> and the hash over version, context and, in the order of the submission, each node's identity, schema hash and tags: everything that a plan
    /// depends on. Who submits it is not part of it. Each text stands behind its length, each list of tags behind its count.
    /// </summary>
    public static string Of(DiffSubmission submission)
    {
        var parts = new ArrayBufferWriter<byte>(UsualBytesPerNode * (submission.Nodes.Count + 1));
        var context = submission.Context;
        Append(parts, submission.Version);
        Append(parts, context.WorldId);
        Append(parts, context.Domain.ToToken());
        Append(parts, context.AsOf ?? "");
        Append(parts, context.Partition ?? "");
        foreach (var node in submission.Nodes)
        {
            Append(parts, node.NodeId!);
            Append(parts, node.SchemaHash ?? "");
            Append(parts, node.Tags.Count);
            for (var i = 0; i < node.Tags.Count; i++) Append(parts, node.Tags[i]);
        }

        Span<byte> digest = stackalloc byte[Blake3.DigestBytes];
        Blake3.DeriveKey(Purpose, parts.WrittenSpan, digest);
        return NodeId.Prefix + Convert.ToHexStringLower(digest);
    }

    private static void Append(ArrayBufferWriter<byte> parts, string text)
    {
        var span = parts.GetSpan(sizeof(int) + Encoding.UTF8.GetMaxByteCount(text.Length));
        var length = Encoding.UTF8.GetBytes(text, span[sizeof(int)..]);
        BinaryPrimitives.WriteInt32LittleEndian(span, length);
        parts.Advance(sizeof(int) + length);
    }

    private static void Append(ArrayBufferWriter<byte> parts, int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(parts.GetSpan(sizeof(int)), number);
        parts.Advance(sizeof(int));
    }
}
