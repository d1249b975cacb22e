using System.Text;
using Qmtl.Bench.Measuring;
using Qmtl.Identity;

namespace Qmtl.Bench.Diff;

/// <summary>BLAKE3 as identities use it, against one that works word by word.</summary>
internal static class IdentityContests
{
    /// <summary>One long text: whole chunks, eight side by side.</summary>
    public static Contest Long(Scale scale)
    {
        var text = new byte[scale switch { Scale.Full => 8 << 20, Scale.Quick => 1 << 20, _ => 70_000 }];
        new Random(3).NextBytes(text);
        return Compare([text]);
    }

    /// <summary>The pre-images of a graph's identities: short texts of one chunk.</summary>
    public static Contest NodeIds(Scale scale) =>
        Compare([.. SampleGraph.Create(scale switch { Scale.Full => 10_000, Scale.Quick => 1_000, _ => 40 }, 0).Select(node => Encoding.UTF8.GetBytes(NodeId.PreImage(node)))]);

    private static Contest Compare(byte[][] texts)
    {
        var digest = new byte[Blake3.DigestBytes];
        return new Contest(
            texts.Sum(text => (long)text.Length),
            () =>
            {
                var sum = 0.0;
                foreach (var text in texts)
                {
                    PlainBlake3.Hash(text, digest);
                    sum += BitConverter.ToUInt32(digest);
                }

                return [sum];
            },
            () =>
            {
                var sum = 0.0;
                foreach (var text in texts)
                {
                    Blake3.Hash(text, digest);
                    sum += BitConverter.ToUInt32(digest);
                }

                return [sum];
            },
            Tolerance: 0);
    }
}
