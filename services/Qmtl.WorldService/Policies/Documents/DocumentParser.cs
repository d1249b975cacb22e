using System.Text;

namespace Qmtl.WorldService.Policies.Documents;

/// <summary>Turns uploaded text into a tree with positions. YAML and JSON give the same tree.</summary>
internal static class DocumentParser
{
    /// <summary>Deeper than any policy a person writes; a bound on what a hostile one costs.</summary>
    public const int MaxDepth = 32;

    /// <summary>256 KiB: a policy is a page or two.</summary>
    public const int MaxBytes = 256 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Parses <paramref name="text"/>; JSON when it is declared so or starts like it, else YAML.</summary>
    public static DocumentNode Parse(ReadOnlySpan<byte> text, string? contentType)
    {
        if (text.Length > MaxBytes) throw new DocumentSyntaxException("", 1, 1, $"the document is larger than {MaxBytes / 1024} KiB");
        if (text.StartsWith(Encoding.UTF8.Preamble)) text = text[Encoding.UTF8.Preamble.Length..];

        return IsJson(text, contentType) ? JsonDocumentReader.Read(text) : YamlDocumentReader.Read(Decode(text));
    }

    private static bool IsJson(ReadOnlySpan<byte> text, string? contentType)
    {
        if (contentType is not null && contentType.Contains("yaml", StringComparison.OrdinalIgnoreCase)) return false;
        if (contentType is not null && contentType.Contains("json", StringComparison.OrdinalIgnoreCase)) return true;
        return text.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
    }

    private static string Decode(ReadOnlySpan<byte> text)
    {
        try
        {
            return StrictUtf8.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw new DocumentSyntaxException("", 1, 1, "the document is not valid UTF-8");
        }
    }
}
