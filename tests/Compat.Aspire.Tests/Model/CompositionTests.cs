namespace Compat.Aspire.Tests.Model;

public sealed class CompositionTests
{
    private readonly IDistributedApplicationBuilder _builder = DistributedApplication.CreateBuilder([]);

    [Fact]
    public void WaitFor_Database_WaitsForItsServerToo()
    {
        var postgres = _builder.AddPostgres("pg");
        var database = postgres.AddDatabase("db");
        var tool = _builder.AddExecutable("tool", "tool", ".").WaitFor(database);

        var waits = tool.Resource.Annotations.OfType<WaitAnnotation>().ToArray();
        Assert.Equal([postgres.Resource, database.Resource], waits.Select(wait => wait.Resource));
        Assert.All(waits, wait => Assert.Equal(WaitType.WaitUntilHealthy, wait.WaitType));
    }

    [Fact]
    public void WaitForCompletion_KeepsTheExitCode()
    {
        var first = _builder.AddExecutable("first", "tool", ".");
        var tool = _builder.AddExecutable("tool", "tool", ".").WaitForCompletion(first, exitCode: 3);

        Assert.True(tool.Resource.TryGetLastAnnotation<WaitAnnotation>(out var wait));
        Assert.Equal((WaitType.WaitForCompletion, 3), (wait.WaitType, wait.ExitCode));
    }

    [Fact]
    public void WaitFor_Itself_IsRefused() =>
        Assert.Throws<DistributedApplicationException>(() =>
        {
            var tool = _builder.AddExecutable("tool", "tool", ".");
            tool.WaitFor(tool);
        });

    [Theory]
    [InlineData("1st")]
    [InlineData("a_b")]
    [InlineData("a--b")]
    [InlineData("a-")]
    [InlineData("")]
    public void AddExecutable_BadName_IsRefused(string name) => Assert.ThrowsAny<ArgumentException>(() => _builder.AddExecutable(name, "tool", "."));

    [Fact]
    public void AddExecutable_NameTakenInOtherCase_IsRefused()
    {
        _builder.AddExecutable("tool", "tool", ".");
        Assert.Throws<DistributedApplicationException>(() => _builder.AddExecutable("TOOL", "tool", "."));
    }

    [Fact]
    public void WithEndpoint_SameName_ChangesTheOneThereIs()
    {
        var web = _builder.AddProject("web", "none.csproj", launchProfileName: null)
            .WithHttpEndpoint(port: 8000, name: "http")
            .WithEndpoint("http", endpoint => endpoint.Transport = "http2")
            .WithHttpEndpoint(targetPort: 9000, name: "http")
            .WithExternalHttpEndpoints();

        var endpoint = Assert.Single(web.Resource.Annotations.OfType<EndpointAnnotation>());
        Assert.Equal((8000, 9000, "http", "http2", true), (endpoint.Port, endpoint.TargetPort, endpoint.UriScheme, endpoint.Transport, endpoint.IsExternal));
    }

    [Fact]
    public void WithReplicas_IsKept()
    {
        var web = _builder.AddProject("web", "none.csproj", launchProfileName: null).WithReplicas(3);
        Assert.True(web.Resource.TryGetLastAnnotation<ReplicaAnnotation>(out var replicas));
        Assert.Equal(3, replicas.Replicas);
    }

    [Fact]
    public void WithHttpHealthCheck_NoHttpEndpoint_IsRefused() =>
        Assert.Throws<DistributedApplicationException>(() => _builder.AddExecutable("tool", "tool", ".").WithEndpoint(name: "tcp").WithHttpHealthCheck());

    [Fact]
    public void GeneratedPassword_ForRedis_IsLongAndWithoutSpecialCharacters()
    {
        var password = _builder.AddRedis("cache").Resource.PasswordParameter!.Value;
        Assert.True(password.Length >= 22);
        Assert.All(password, c => Assert.True(char.IsAsciiLetterOrDigit(c)));
    }

    [Fact]
    public void ReferenceExpression_KeepsFormatAndExpressions()
    {
        var parameter = _builder.AddParameter("name", "value");
        var expression = ReferenceExpression.Create($"{{x}} {parameter} {"text"}");
        Assert.Equal("{x} {name.value} text", string.Format(System.Globalization.CultureInfo.InvariantCulture, expression.Format, [.. expression.ManifestExpressions]));
        Assert.Single(expression.ValueProviders);
    }

    [Fact]
    public void AddParameter_SecretPublishedAsDefault_IsRefused() =>
        Assert.Throws<ArgumentException>(() => _builder.AddParameter("name", "value", publishValueAsDefault: true, secret: true));
}
