namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Postgres server.</summary>
public class PostgresServerResource : ContainerResource, IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";
    internal const string DefaultUserName = "postgres";

    private readonly Dictionary<string, string> _databases = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Creates the server.</summary>
    public PostgresServerResource(string name, ParameterResource? userName, ParameterResource password)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(password);
        UserNameParameter = userName;
        PasswordParameter = password;
        PrimaryEndpoint = new EndpointReference(this, PrimaryEndpointName);
    }

    /// <summary>Where it listens.</summary>
    public EndpointReference PrimaryEndpoint { get; }

    /// <summary>The host of that.</summary>
    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    /// <summary>The port of that.</summary>
    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>The user; null for <c>postgres</c>.</summary>
    public ParameterResource? UserNameParameter { get; set; }

    /// <summary>The password.</summary>
    public ParameterResource PasswordParameter { get; set; }

    /// <summary>The user as an expression.</summary>
    public ReferenceExpression UserNameReference =>
        UserNameParameter is null ? ReferenceExpression.Create($"{DefaultUserName}") : ReferenceExpression.Create($"{UserNameParameter}");

    /// <summary>The databases, by resource name.</summary>
    public IReadOnlyDictionary<string, string> Databases => _databases;

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"Host={Host};Port={Port};Username={UserNameReference};Password={PasswordParameter}");

    /// <summary>The connection as a URI.</summary>
    public ReferenceExpression UriExpression => Uri(databaseName: null);

    /// <summary>The connection for JDBC, without user and password.</summary>
    public ReferenceExpression JdbcConnectionString => Jdbc(databaseName: null);

    /// <summary>The connection string as text.</summary>
    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) => ConnectionStringExpression.GetValueAsync(cancellationToken);

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() => Properties(databaseName: null);

    internal void AddDatabase(string name, string databaseName) => _databases.TryAdd(name, databaseName);

    internal ReferenceExpression Uri(string? databaseName)
    {
        var uri = new ReferenceExpressionBuilder();
        uri.AppendLiteral("postgresql://");
        if (UserNameParameter is null) uri.AppendLiteral(DefaultUserName);
        else uri.Append($"{UserNameParameter:uri}");
        uri.Append($":{PasswordParameter:uri}@{Host}:{Port}");
        if (databaseName is not null) uri.Append($"/{databaseName:uri}");
        return uri.Build();
    }

    internal ReferenceExpression Jdbc(string? databaseName)
    {
        var jdbc = new ReferenceExpressionBuilder();
        jdbc.Append($"jdbc:postgresql://{Host}:{Port}");
        if (databaseName is not null) jdbc.Append($"/{databaseName:uri}");
        return jdbc.Build();
    }

    internal IEnumerable<KeyValuePair<string, ReferenceExpression>> Properties(string? databaseName)
    {
        yield return new("Host", ReferenceExpression.Create($"{Host}"));
        yield return new("Port", ReferenceExpression.Create($"{Port}"));
        yield return new("Username", UserNameReference);
        yield return new("Password", ReferenceExpression.Create($"{PasswordParameter}"));
        if (databaseName is not null) yield return new("DatabaseName", ReferenceExpression.Create($"{databaseName}"));
        yield return new("Uri", Uri(databaseName));
        yield return new("JdbcConnectionString", Jdbc(databaseName));
    }
}

/// <summary>A database of a Postgres server.</summary>
public class PostgresDatabaseResource(string name, string databaseName, PostgresServerResource postgresParentResource)
    : Resource(name), IResourceWithParent<PostgresServerResource>, IResourceWithConnectionString
{
    /// <summary>The server.</summary>
    public PostgresServerResource Parent { get; } = postgresParentResource ?? throw new ArgumentNullException(nameof(postgresParentResource));

    /// <summary>The name on the server.</summary>
    public string DatabaseName { get; } = databaseName ?? throw new ArgumentNullException(nameof(databaseName));

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{Parent};Database={DatabaseName}");

    /// <summary>The connection as a URI.</summary>
    public ReferenceExpression UriExpression => Parent.Uri(DatabaseName);

    /// <summary>The connection for JDBC, without user and password.</summary>
    public ReferenceExpression JdbcConnectionString => Parent.Jdbc(DatabaseName);

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() => Parent.Properties(DatabaseName);
}
