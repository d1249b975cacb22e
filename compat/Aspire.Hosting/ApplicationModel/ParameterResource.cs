using System.Security.Cryptography;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value given from outside.</summary>
public class ParameterResource : Resource, IExpressionValue
{
    private readonly Lazy<string> _value;

    /// <summary>Creates the parameter.</summary>
    public ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(callback);
        _value = new Lazy<string>(() => callback(Default));
        Secret = secret;
    }

    /// <summary>What it is when nobody gives it.</summary>
    public ParameterDefault? Default { get; set; }

    /// <summary>Whether it must not be shown.</summary>
    public bool Secret { get; }

    /// <summary>What it is for.</summary>
    public string? Description { get; set; }

    /// <summary>Whether it is a connection string.</summary>
    public bool IsConnectionString { get; set; }

    /// <summary>Its value.</summary>
    public string Value => _value.Value;

    /// <inheritdoc />
    public virtual string ValueExpression => $"{{{Name}.value}}";

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => ValueTask.FromResult<string?>(Value);

    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken) => GetValueAsync(cancellationToken);
}

/// <summary>What a parameter is when nobody gives it.</summary>
public abstract class ParameterDefault
{
    /// <summary>The value.</summary>
    public abstract string GetDefaultValue();

    /// <summary>Describes it in a manifest.</summary>
    public abstract void WriteToManifest(Publishing.ManifestPublishingContext context);
}

/// <summary>A random default.</summary>
public sealed class GenerateParameterDefault : ParameterDefault
{
    // Letters and digits that are hard to confuse, and specials that survive shells, URIs and connection strings.
    private const string LowerAlphabet = "abcdefghjkmnpqrstuvwxyz";
    private const string UpperAlphabet = "ABCDEFGHJKMNPQRSTUVWXYZ";
    private const string NumericAlphabet = "0123456789";
    private const string SpecialAlphabet = "-_.{}~()*+!";

    /// <summary>The least number of characters.</summary>
    public int MinLength { get; set; }

    /// <summary>Whether lower case letters are used.</summary>
    public bool Lower { get; set; } = true;

    /// <summary>Whether upper case letters are used.</summary>
    public bool Upper { get; set; } = true;

    /// <summary>Whether digits are used.</summary>
    public bool Numeric { get; set; } = true;

    /// <summary>Whether other characters are used.</summary>
    public bool Special { get; set; } = true;

    /// <summary>The least number of lower case letters.</summary>
    public int MinLower { get; set; }

    /// <summary>The least number of upper case letters.</summary>
    public int MinUpper { get; set; }

    /// <summary>The least number of digits.</summary>
    public int MinNumeric { get; set; }

    /// <summary>The least number of other characters.</summary>
    public int MinSpecial { get; set; }

    /// <inheritdoc />
    public override string GetDefaultValue()
    {
        var text = new StringBuilder();
        var all = "";
        Take(Lower, LowerAlphabet, MinLower);
        Take(Upper, UpperAlphabet, MinUpper);
        Take(Numeric, NumericAlphabet, MinNumeric);
        Take(Special, SpecialAlphabet, MinSpecial);
        if (all.Length == 0) throw new InvalidOperationException("A generated parameter needs at least one kind of character.");
        if (text.Length < MinLength) text.Append(RandomNumberGenerator.GetItems<char>(all, MinLength - text.Length));

        var characters = text.ToString().ToCharArray();
        RandomNumberGenerator.Shuffle<char>(characters);
        return new string(characters);

        void Take(bool used, string alphabet, int least)
        {
            if (!used) return;
            all += alphabet;
            text.Append(RandomNumberGenerator.GetItems<char>(alphabet, least));
        }
    }

    /// <inheritdoc />
    public override void WriteToManifest(Publishing.ManifestPublishingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var writer = context.Writer;
        writer.WriteStartObject("generate");
        writer.WriteNumber("minLength", MinLength);
        foreach (var (name, used) in new[] { ("lower", Lower), ("upper", Upper), ("numeric", Numeric), ("special", Special) })
        {
            if (!used) writer.WriteBoolean(name, false);
        }

        foreach (var (name, least) in new[] { ("minLower", MinLower), ("minUpper", MinUpper), ("minNumeric", MinNumeric), ("minSpecial", MinSpecial) })
        {
            if (least > 0) writer.WriteNumber(name, least);
        }

        writer.WriteEndObject();
    }
}

/// <summary>A fixed default.</summary>
internal sealed class ConstantParameterDefault(Func<string> value) : ParameterDefault
{
    public override string GetDefaultValue() => value();

    public override void WriteToManifest(Publishing.ManifestPublishingContext context) => context.Writer.WriteString("value", value());
}

/// <summary>A connection string of the AppHost's configuration.</summary>
internal sealed class ConnectionStringParameterResource : ParameterResource, IResourceWithConnectionString
{
    public ConnectionStringParameterResource(string name, Func<ParameterDefault?, string> callback, string? environmentVariableName)
        : base(name, callback, secret: true)
    {
        ConnectionStringEnvironmentVariable = environmentVariableName;
        IsConnectionString = true;
    }

    public string? ConnectionStringEnvironmentVariable { get; }

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{new ParameterValue(this)}");

    string IManifestExpressionProvider.ValueExpression => $"{{{Name}.connectionString}}";

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) => GetValueAsync(cancellationToken);

    ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) => GetValueAsync(cancellationToken);

    ValueTask<string?> IValueProvider.GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken) => GetValueAsync(cancellationToken);

    /// <summary>The parameter as a value, where the resource itself stands for its connection string.</summary>
    private sealed class ParameterValue(ParameterResource parameter) : IExpressionValue
    {
        public string ValueExpression => parameter.ValueExpression;

        public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => parameter.GetValueAsync(cancellationToken);
    }
}
