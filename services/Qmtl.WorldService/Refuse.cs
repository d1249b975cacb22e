using Qmtl.Identity;

namespace Qmtl.WorldService;

/// <summary>Builds the refusals that several capabilities share.</summary>
internal static class Refuse
{
    /// <summary>One field is wrong; <paramref name="message"/> says what would be right.</summary>
    public static RefusalException Field(string pointer, string message) => Field(ReasonCodes.InvalidArgument, pointer, message);

    public static RefusalException Field(ReasonCode code, string pointer, string message) =>
        new(code, $"{pointer.TrimStart('/').Replace('/', '.')}: {Sentence.End(message)}", [new FieldError(pointer, message)]);

    public static RefusalException WorldUnknown(string worldId) =>
        new(ReasonCodes.WorldUnknown, $"There is no world '{worldId}'. Create it with POST /worlds, or list what there is with GET /worlds.");

    public static RefusalException EtagConflict(string what, string given, string current) =>
        new(ReasonCodes.EtagConflict, $"{what} has changed: its etag was {given} and is {current} now. Read it again and repeat the change.",
            metadata: new Dictionary<string, string>(StringComparer.Ordinal) { ["etag"] = current });

    /// <summary>A whole number within its limits, or the default for 0.</summary>
    public static int Limit(int limit, int standard, int max)
    {
        if (limit == 0) return standard;
        return limit > 0 && limit <= max ? limit : throw Field("/limit", $"must be 1 to {max}, was {limit}");
    }
}

/// <summary>Text that people read.</summary>
internal static class Sentence
{
    /// <summary>Ends a sentence with a full stop, unless it ends already.</summary>
    public static string End(string text) => text.EndsWith('?') || text.EndsWith('.') ? text : text + ".";
}
