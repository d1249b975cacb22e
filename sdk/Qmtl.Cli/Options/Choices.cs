using System.CommandLine;
using Qmtl.Strategies;

namespace Qmtl.Cli.Options;

/// <summary>Options with one of a few words, refused in one line that lists them.</summary>
internal static class Choices
{
    /// <summary>Accepts only <paramref name="words"/>.</summary>
    public static void AcceptOneOf<T>(this Option<T> option, params string[] words)
    {
        // The help shows these in place of a value's name.
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            foreach (var text in result.Tokens.Select(token => token.Value).Where(text => !words.Contains(text, StringComparer.Ordinal)))
                result.AddError($"{option.Name} must be one of {string.Join(", ", words)}, was \"{text}\"{(Nearest.To(text, words) is { } near ? $"; did you mean {near}?" : ".")}");
        });
    }
}
