using System.Globalization;
using System.Text;

namespace Qmtl.Protos;

/// <summary>Where a reader stands in a document, as names and places: most documents have no fault, and then nobody asks for the text.</summary>
internal sealed class ProtoJsonPath
{
    private (string? Name, int Index)[] _segments = new (string?, int)[8];
    private int _depth;

    /// <summary>The name or place of the innermost value; empty for the document.</summary>
    public string Last => _depth == 0 ? "" : Text(_segments[_depth - 1]);

    /// <summary>Goes into the value of a name.</summary>
    public void Enter(string name) => Push((name, 0));

    /// <summary>Goes into a list, to its first value.</summary>
    public void EnterList() => Push((null, 0));

    /// <summary>Goes to another value of the list.</summary>
    public void MoveTo(int index) => _segments[_depth - 1].Index = index;

    /// <summary>Goes back to what the value stands in.</summary>
    public void Leave() => _depth--;

    /// <summary>The JSON pointer (RFC 6901).</summary>
    public override string ToString()
    {
        var pointer = new StringBuilder();
        foreach (var segment in _segments.AsSpan(0, _depth)) pointer.Append('/').Append(Text(segment));
        return pointer.ToString();
    }

    private static string Text((string? Name, int Index) segment) =>
        segment.Name?.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal) ?? segment.Index.ToString(CultureInfo.InvariantCulture);

    private void Push((string? Name, int Index) segment)
    {
        if (_depth == _segments.Length) Array.Resize(ref _segments, _depth * 2);
        _segments[_depth++] = segment;
    }
}
