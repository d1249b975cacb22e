namespace Aspire.Hosting.ApplicationModel;

/// <summary>Something whose value is known once the application runs.</summary>
public interface IValueProvider
{
    /// <summary>The value, or null.</summary>
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);

    /// <summary>The value as the resource named by the context sees it.</summary>
    ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default) => GetValueAsync(cancellationToken);
}

/// <summary>Something that a manifest names instead of giving its value.</summary>
public interface IManifestExpressionProvider
{
    /// <summary>The expression, in braces.</summary>
    string ValueExpression { get; }
}

/// <summary>A value at run time, an expression in a manifest.</summary>
public interface IExpressionValue : IValueProvider, IManifestExpressionProvider;

/// <summary>A value made of others.</summary>
public interface IValueWithReferences
{
    /// <summary>The resources and values it is made of.</summary>
    IEnumerable<object> References { get; }
}

/// <summary>Who asks for a value.</summary>
public class ValueProviderContext
{
    /// <summary>The application's operation.</summary>
    public DistributedApplicationExecutionContext? ExecutionContext { get; init; }

    /// <summary>The resource that will be given the value.</summary>
    public IResource? Caller { get; init; }

    /// <summary>Where a replica's own ports differ from those of the resource.</summary>
    internal IReadOnlyDictionary<EndpointAnnotation, int>? TargetPorts { get; init; }
}
