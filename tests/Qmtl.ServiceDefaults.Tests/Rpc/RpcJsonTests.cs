using Qmtl.Identity;
using Qmtl.Tests.Rpc;

namespace Qmtl.ServiceDefaults.Tests.Rpc;

/// <summary>The mapping itself; every behaviour holds in process and through a proxy over gRPC.</summary>
public sealed class RpcJsonTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Query_FillsFieldsOfEveryKind(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.GetAsync(
            "/echo/w%201?count=3&active=true&number=1.5&tags=a&tags=b&maybe=0&time=2025-01-01T00:00:00.000Z&ttl=300s&part.text=x&part.ratio=0.5&colour=RED&big=18446744073709551615&seq_no=7&data=YWI=",
            ("X-Correlation-ID", "c-1"), ("X-Caller-Sub", "alice"));

        Assert.Equal(200, answer.Status);
        Assert.Equal("application/json", answer.Headers["Content-Type"]);
        Assert.Equal(
            """
            {"id":"w 1","count":3,"active":true,"number":1.5,"tags":["a","b"],"numbers":{},"maybe":0,"time":"2025-01-01T00:00:00Z","ttl":"300s","free":{"correlation_id":"c-1","caller":"local"},"data":"YWI=","big":"18446744073709551615","seq_no":7,"part":{"text":"x","ratio":0.5},"parts":[],"colour":"RED","values":{}}
            """.Trim(),
            answer.Body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Body_FillsTheRequest_AndDefaultsPrint(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.SendAsync(HttpMethod.Put, "/echo/a", """{"numbers":{"x":1e3},"parts":[{"text":"p"}],"right":"r","values":{"t":"q","l":["q1","q2"]},"free":{"n":null}}""");

        Assert.Equal(201, answer.Status);
        Assert.Equal(
            """
            {"id":"a","count":0,"active":false,"number":0,"tags":[],"numbers":{"x":1000},"free":{"n":null},"data":"","big":"0","seq_no":0,"parts":[{"text":"p"}],"colour":"NONE","right":"r","values":{"t":"q","l":["q1","q2"]}}
            """.Trim(),
            answer.Body);
    }

    [Fact]
    public async Task AdditionalBinding_IsServedToo()
    {
        await using var host = await EchoHost.StartAsync();

        var answer = await host.GetAsync("/echo/a/at/12");

        Assert.Equal(12, answer.Json.GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BodyField_AndResponseBody_AreThePart(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.SendAsync(HttpMethod.Post, "/echo/a/part?count=2", """{"text":"t"}""");

        Assert.Equal("""{"text":"t"}""", answer.Body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HttpBody_PassesBytesAndType(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.SendAsync(HttpMethod.Post, "/echo/a/raw", "world: é\n", "application/yaml");

        Assert.Equal((200, "application/yaml", "world: é\n"), (answer.Status, answer.Headers["Content-Type"], answer.Body));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Empty_Is204(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.SendAsync(HttpMethod.Delete, "/echo/a");

        Assert.Equal((204, ""), (answer.Status, answer.Body));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ETag_MatchingIfNoneMatch_Is304(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var fresh = await host.GetAsync("/tagged/a");
        var same = await host.GetAsync("/tagged/a", ("If-None-Match", "\"other\", W/\"act:a\""));
        var other = await host.GetAsync("/tagged/b", ("If-None-Match", "\"act:a\""));

        Assert.Equal((200, "\"act:a\"", "max-age=300"), (fresh.Status, fresh.Headers["ETag"], fresh.Headers["Cache-Control"]));
        Assert.Equal((304, "\"act:a\"", ""), (same.Status, same.Headers["ETag"], same.Body));
        Assert.Equal(200, other.Status);
    }

    [Theory]
    [InlineData("""{"cuont":1}""", 422, "E_UNKNOWN_FIELD", "/cuont", "did you mean \"count\"")]
    [InlineData("""{"parts":[{},{"txt":1}]}""", 422, "E_UNKNOWN_FIELD", "/parts/1/txt", "did you mean \"text\"")]
    [InlineData("""{"count":1.5}""", 422, "E_INVALID_ARGUMENT", "/count", "whole number")]
    [InlineData("""{"count":"x"}""", 422, "E_INVALID_ARGUMENT", "/count", "whole number")]
    [InlineData("""{"count":3000000000}""", 422, "E_INVALID_ARGUMENT", "/count", "2147483647")]
    [InlineData("""{"active":"true"}""", 422, "E_INVALID_ARGUMENT", "/active", "true or false")]
    [InlineData("""{"maybe":"NaN"}""", 422, "E_INVALID_ARGUMENT", "/maybe", "finite")]
    [InlineData("""{"number":1e999}""", 422, "E_INVALID_ARGUMENT", "/number", "finite")]
    [InlineData("""{"free":{"a":[1,1e999]}}""", 422, "E_INVALID_ARGUMENT", "/free/a/1", "too large")]
    [InlineData("""{"time":"yesterday"}""", 422, "E_INVALID_ARGUMENT", "/time", "2025-01-31T00:00:00Z")]
    [InlineData("""{"ttl":300}""", 422, "E_INVALID_ARGUMENT", "/ttl", "300s")]
    [InlineData("""{"data":"%%"}""", 422, "E_INVALID_ARGUMENT", "/data", "base64")]
    [InlineData("""{"tags":[null]}""", 422, "E_INVALID_ARGUMENT", "/tags/0", "null")]
    [InlineData("""{"tags":"a"}""", 422, "E_INVALID_ARGUMENT", "/tags", "list")]
    [InlineData("""{"numbers":{"a/b":"x"}}""", 422, "E_INVALID_ARGUMENT", "/numbers/a~1b", "finite")]
    [InlineData("""{"left":"l","right":"r"}""", 422, "E_INVALID_ARGUMENT", "/right", "beside left")]
    [InlineData("""{"count":1,"count":2}""", 422, "E_INVALID_ARGUMENT", "/count", "twice")]
    [InlineData("""{"id":"other"}""", 422, "E_INVALID_ARGUMENT", "/id", "contradicts the path")]
    [InlineData("[]", 422, "E_INVALID_ARGUMENT", "", "must be an object")]
    public async Task Body_ThatDoesNotFit_NamesThePlace(string body, int status, string code, string pointer, string says)
    {
        await using var host = await EchoHost.StartAsync();

        var answer = await host.SendAsync(HttpMethod.Put, "/echo/a", body);

        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Equal("application/problem+json", answer.Headers["Content-Type"]);
        Assert.Equal([pointer], answer.Pointers);
        Assert.Contains(says, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_WithSeveralFaults_NamesAll()
    {
        await using var host = await EchoHost.StartAsync();

        var answer = await host.SendAsync(HttpMethod.Put, "/echo/a", """{"count":"x","nothing":1,"part":{"ratio":"y"}}""");

        Assert.Equal("E_INVALID_ARGUMENT", answer.Code);
        Assert.Equal(["/count", "/nothing", "/part/ratio"], answer.Pointers);
    }

    [Fact]
    public async Task Body_ThatIsNotJson_NamesLineAndColumn()
    {
        await using var host = await EchoHost.StartAsync();

        var answer = await host.SendAsync(HttpMethod.Put, "/echo/a", "{\n  \"count\": ]\n}");

        Assert.Equal((400, "E_INVALID_JSON"), (answer.Status, answer.Code));
        Assert.Equal(("2", "12"), (answer.Json.GetProperty("line").GetString(), answer.Json.GetProperty("column").GetString()));
    }

    [Theory]
    [InlineData("/echo/a?cuont=1", "E_UNKNOWN_FIELD", "/cuont")]
    [InlineData("/echo/a?count=x", "E_INVALID_ARGUMENT", "/count")]
    [InlineData("/echo/a?count=1&count=2", "E_INVALID_ARGUMENT", "/count")]
    [InlineData("/echo/a?maybe=Infinity", "E_INVALID_ARGUMENT", "/maybe")]
    [InlineData("/echo/a?time=1", "E_INVALID_ARGUMENT", "/time")]
    [InlineData("/echo/a?part.nothing=1", "E_UNKNOWN_FIELD", "/part/nothing")]
    [InlineData("/echo/a?id=b", "E_UNKNOWN_FIELD", "/id")]
    [InlineData("/echo/a?numbers=1", "E_UNKNOWN_FIELD", "/numbers")]
    [InlineData("/echo/a/at/many", "E_INVALID_ARGUMENT", "/count")]
    public async Task Parameter_ThatDoesNotFit_Is422(string path, string code, string pointer)
    {
        await using var host = await EchoHost.StartAsync();

        var answer = await host.GetAsync(path);

        Assert.Equal((422, code), (answer.Status, answer.Code));
        Assert.Equal([pointer], answer.Pointers);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/yaml")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("")]
    public async Task ContentType_OtherThanJson_Is415(string type)
    {
        await using var host = await EchoHost.StartAsync();

        var answer = await host.SendAsync(HttpMethod.Put, "/echo/a", "{}", type);

        Assert.Equal((415, "E_CONTENT_TYPE"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Body_LargerThanAllowed_Is413()
    {
        await using var host = await EchoHost.StartAsync(configure: options => options.MaxBodyBytes = 100);

        var answer = await host.SendAsync(HttpMethod.Put, "/echo/a", $$"""{"tags":["{{new string('x', 200)}}"]}""");

        Assert.Equal((413, "E_TOO_LARGE"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("POST", "/tagged/a", 405, "E_METHOD_NOT_ALLOWED")]
    [InlineData("GET", "/nowhere", 404, "E_NOT_FOUND")]
    [InlineData("GET", "/throws", 500, "E_INTERNAL")]
    public async Task WhatNoRouteServes_IsAProblemToo(string method, string path, int status, string code)
    {
        await using var host = await EchoHost.StartAsync();

        var answer = await host.SendAsync(new HttpMethod(method), path, headers: ("X-Correlation-ID", "c-9"));

        Assert.Equal((status, code, "c-9"), (answer.Status, answer.Code, answer.Json.GetProperty("correlation_id").GetString()));
        Assert.Equal("c-9", answer.Headers["X-Correlation-ID"]);
        Assert.DoesNotContain("hunter2", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BodyWhereNoneIsTaken_IsRefused_UnlessEmpty()
    {
        await using var host = await EchoHost.StartAsync();

        Assert.Equal(204, (await host.SendAsync(HttpMethod.Delete, "/echo/a", "{}")).Status);
        Assert.Equal("E_INVALID_ARGUMENT", (await host.SendAsync(HttpMethod.Delete, "/echo/a", """{"count":1}""")).Code);
    }

    [Fact]
    public async Task Options_ExcludeOverrideAndWrap_SingleRpcs()
    {
        await using var host = await EchoHost.StartAsync(configure: options => options
            .Exclude("Delete")
            .Override("Later", http => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(http.Response, "mine"))
            .Wrap("Tagged", next => http =>
            {
                if (http.Request.Headers["X-Allow-Live"] != "true") throw new RefusalException(ReasonCodes.PermissionDenied, "Send X-Allow-Live: true.");
                return next(http);
            }));

        Assert.Equal(405, (await host.SendAsync(HttpMethod.Delete, "/echo/a")).Status);
        Assert.Equal("mine", (await host.GetAsync("/later/a")).Body);
        Assert.Equal((403, "E_PERMISSION_DENIED"), (await host.GetAsync("/tagged/a")) is var guarded ? (guarded.Status, guarded.Code) : default);
        Assert.Equal(200, (await host.GetAsync("/tagged/a", ("X-Allow-Live", "true"))).Status);
    }

    [Fact]
    public void Options_WithAnRpcThatDoesNotExist_AreRefused()
    {
        var app = TestService.Build(add: builder => Microsoft.Extensions.DependencyInjection.RpcServices.AddQmtlRpc(builder.Services));

        var failure = Assert.Throws<ArgumentException>(() => Microsoft.AspNetCore.Builder.RpcJsonEndpoints.MapRpcJson<EchoService>(app, Echo.Descriptor, options => options.Exclude("Aply")));

        Assert.Contains("Aply", failure.Message, StringComparison.Ordinal);
    }
}
