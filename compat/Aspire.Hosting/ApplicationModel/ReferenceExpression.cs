using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Text with holes that are filled with values when running and with expressions in a manifest.</summary>
public class ReferenceExpression : IExpressionValue, IValueWithReferences
{
    /// <summary>The empty text.</summary>
    public static readonly ReferenceExpression Empty = new("", []);

    private readonly IReadOnlyList<ExpressionPart> _parts;

    internal ReferenceExpression(string format, IReadOnlyList<ExpressionPart> parts)
    {
        Format = format;
        _parts = parts;
    }

    /// <summary>The text, as a composite format string.</summary>
    public string Format { get; }

    /// <summary>What a manifest writes into each hole.</summary>
    public IReadOnlyList<string> ManifestExpressions => [.. _parts.Select(part => part.Expression)];

    /// <summary>How the value of each hole is encoded: null or <c>uri</c>.</summary>
    public IReadOnlyList<string?> StringFormats => [.. _parts.Select(part => part.Format)];

    /// <summary>What fills each hole.</summary>
    public IReadOnlyList<IValueProvider> ValueProviders => [.. _parts.Select(part => part.Provider)];

    /// <inheritdoc />
    public string ValueExpression => string.Format(CultureInfo.InvariantCulture, Format, [.. ManifestExpressions]);

    IEnumerable<object> IValueWithReferences.References => ValueProviders;

    /// <summary>Makes an expression of an interpolated string.</summary>
    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => handler.Build();

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => GetValueAsync(new ValueProviderContext(), cancellationToken);

    /// <inheritdoc />
    public async ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken)
    {
        if (Format.Length == 0) return null;
        var values = new object?[_parts.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var value = await _parts[i].Provider.GetValueAsync(context, cancellationToken).ConfigureAwait(false);
            values[i] = Encoded(value, _parts[i].Format);
        }

        return string.Format(CultureInfo.InvariantCulture, Format, values);
    }

    internal static string? Encoded(string? value, string? format) => format?.ToUpperInvariant() switch
    {
        null or "" => value,
        "URI" => value is null ? null : Uri.EscapeDataString(value),
        _ => throw new FormatException($"'{format}' is not a known format of a reference expression; 'uri' is."),
    };

    /// <summary>Turns an interpolated string into an expression.</summary>
    [InterpolatedStringHandler]
    public ref struct ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        private readonly ExpressionText _text = new(literalLength, formattedCount);

        /// <summary>Adds text.</summary>
        public readonly void AppendLiteral(string value) => _text.Literal(value);

        /// <summary>Adds text.</summary>
        public readonly void AppendFormatted(string? value) => _text.Literal(value);

        /// <summary>Adds encoded text.</summary>
        public readonly void AppendFormatted(string? value, string? format = null) => _text.Literal(Encoded(value, format));

        /// <summary>Adds another expression.</summary>
        public readonly void AppendFormatted(ReferenceExpression valueProvider, string format) => _text.Value(valueProvider, format);

        /// <summary>Adds a value.</summary>
        public readonly void AppendFormatted<T>(T valueProvider)
            where T : IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider, null);

        /// <summary>Adds an encoded value.</summary>
        public readonly void AppendFormatted<T>(T valueProvider, string? format = null)
            where T : IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider, format);

        /// <summary>Adds the value of a resource.</summary>
        public readonly void AppendFormatted<T>(IResourceBuilder<T> valueProvider)
            where T : IResource, IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider.Resource, null);

        /// <summary>Adds the encoded value of a resource.</summary>
        public readonly void AppendFormatted<T>(IResourceBuilder<T> valueProvider, string? format = null)
            where T : IResource, IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider.Resource, format);

        internal readonly ReferenceExpression Build() => _text.Build();
    }
}

/// <summary>Composes a <see cref="ReferenceExpression"/> piece by piece.</summary>
public class ReferenceExpressionBuilder
{
    private readonly ExpressionText _text = new(0, 0);

    /// <summary>Whether nothing was added yet.</summary>
    public bool IsEmpty => _text.IsEmpty;

    /// <summary>Adds an interpolated string: its handler has done so by the time this is called.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1822", Justification = "The handler is given this instance.")]
    public void Append([InterpolatedStringHandlerArgument("")] in ReferenceExpressionBuilderInterpolatedStringHandler handler) => _ = handler;

    /// <summary>Adds text.</summary>
    public void AppendLiteral(string value) => _text.Literal(value);

    /// <summary>Adds text.</summary>
    public void AppendFormatted(string? value) => _text.Literal(value);

    /// <summary>Adds a value.</summary>
    public void AppendFormatted<T>(T valueProvider)
        where T : IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider, null);

    /// <summary>Adds an encoded value.</summary>
    public void AppendFormatted<T>(T valueProvider, string? format)
        where T : IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider, format);

    /// <summary>The expression so far.</summary>
    public ReferenceExpression Build() => _text.Build();

    /// <summary>Adds the pieces of an interpolated string to the builder.</summary>
    [InterpolatedStringHandler]
    public ref struct ReferenceExpressionBuilderInterpolatedStringHandler(int literalLength, int formattedCount, ReferenceExpressionBuilder builder)
    {
        private readonly ExpressionText _text = builder._text.Expecting(literalLength, formattedCount);

        /// <summary>Adds text.</summary>
        public readonly void AppendLiteral(string value) => _text.Literal(value);

        /// <summary>Adds text.</summary>
        public readonly void AppendFormatted(string? value) => _text.Literal(value);

        /// <summary>Adds encoded text.</summary>
        public readonly void AppendFormatted(string? value, string format) => _text.Literal(ReferenceExpression.Encoded(value, format));

        /// <summary>Adds a value.</summary>
        public readonly void AppendFormatted<T>(T valueProvider)
            where T : IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider, null);

        /// <summary>Adds an encoded value.</summary>
        public readonly void AppendFormatted<T>(T valueProvider, string? format)
            where T : IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider, format);

        /// <summary>Adds the value of a resource.</summary>
        public readonly void AppendFormatted<T>(IResourceBuilder<T> valueProvider)
            where T : IResource, IValueProvider, IManifestExpressionProvider => _text.Value(valueProvider.Resource, null);
    }
}

internal sealed record ExpressionPart(IValueProvider Provider, string Expression, string? Format);

/// <summary>A composite format string under construction.</summary>
internal sealed class ExpressionText(int literalLength, int formattedCount)
{
    private readonly StringBuilder _format = new(Math.Max(16, literalLength));
    private readonly List<ExpressionPart> _parts = new(formattedCount);

    public bool IsEmpty => _format.Length == 0;

    public ExpressionText Expecting(int literals, int values)
    {
        _format.EnsureCapacity(_format.Length + literals);
        _parts.EnsureCapacity(_parts.Count + values);
        return this;
    }

    public void Literal(string? text)
    {
        // Braces are what holes are made of.
        if (text is not null) _format.Append(text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
    }

    public void Value<T>(T value, string? format)
        where T : IValueProvider, IManifestExpressionProvider
    {
        ArgumentNullException.ThrowIfNull(value);
        _format.Append('{').Append(_parts.Count).Append('}');
        _parts.Add(new ExpressionPart(value, value.ValueExpression, format));
    }

    public ReferenceExpression Build() => IsEmpty ? ReferenceExpression.Empty : new ReferenceExpression(_format.ToString(), [.. _parts]);
}
