using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Qmtl.Testing;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>The HTTP/JSON form: status codes, headers and problem documents.</summary>
public sealed class HttpTests
{
    [Fact]
    public async Task CoreLoop_OverHttp_SpeaksSnakeCaseWithEtags()
    {
        await using var host = await StartAsync();
        var created = await SendAsync(host, HttpMethod.Post, "/worlds", """{"id":"w","name":"World"}""");
        Assert.Equal(HttpStatusCode.Created, created.Status);
        Assert.False(created.Body.GetProperty("allow_live").GetBoolean());

        var uploaded = await SendAsync(host, HttpMethod.Post, "/worlds/w/policies", "thresholds:\n  s: {metric: sharpe, min: 1}\n", "application/yaml");
        Assert.Equal((HttpStatusCode.Created, 1), (uploaded.Status, uploaded.Body.GetProperty("version").GetInt32()));
        await SendAsync(host, HttpMethod.Post, "/worlds/w/bindings", """{"strategies":["a"]}""");
        var evaluated = await SendAsync(host, HttpMethod.Post, "/worlds/w/evaluate", """{"run_id":"r1","strategy_id":"a","stage":"backtest","metrics":{"a":{"returns":{"sharpe":1.5}}}}""");
        Assert.Equal("a", evaluated.Body.GetProperty("active")[0].GetString());
        Assert.Equal("/worlds/w/strategies/a/runs/r1", evaluated.Body.GetProperty("evaluation_run_url").GetString());

        var decided = await SendAsync(host, HttpMethod.Get, "/worlds/w/decide");
        Assert.Equal("300s", decided.Body.GetProperty("ttl").GetString());
        Assert.Equal("max-age=300", decided.Headers.CacheControl!.ToString());
        using var again = new HttpRequestMessage(HttpMethod.Get, "/worlds/w/activation?strategy_id=a&side=long");
        again.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"act:w:a:long:1\""));
        using var unchanged = await host.Http.SendAsync(again).Within();
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        Assert.Equal("ok", (await SendAsync(host, HttpMethod.Get, "/health")).Body.GetProperty("status").GetString());
        var metrics = await host.Http.GetStringAsync("/metrics").Within();
        Assert.Contains("world_decide_latency_ms", metrics, StringComparison.Ordinal);
        Assert.Contains("world_eval_duration_ms", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decide_WithTheEtagItHas_IsNotModified_UntilTheDecisionIsAnotherOne()
    {
        await using var host = await StartAsync();
        await SendAsync(host, HttpMethod.Post, "/worlds", """{"id":"w"}""");
        var first = await SendAsync(host, HttpMethod.Get, "/worlds/w/decide");
        var etag = first.Headers.ETag!.Tag;

        var (status, length, same) = await RevalidateAsync(host, etag);
        Assert.Equal((HttpStatusCode.NotModified, 0, etag), (status, length, same));
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.NotModified, (await RevalidateAsync(host, etag)).Status);

        await SendAsync(host, HttpMethod.Put, "/worlds/w", """{"circuit_breaker":true}""");
        var changed = await RevalidateAsync(host, etag);
        Assert.Equal(HttpStatusCode.OK, changed.Status);
        Assert.NotEqual(etag, changed.Etag);
        Assert.Equal(HttpStatusCode.OK, (await RevalidateAsync(host, "\"another\"")).Status);
    }

    [Theory]
    [InlineData("GET", "/worlds/nowhere/decide", null, 404, "E_WORLD_UNKNOWN", null)]
    [InlineData("POST", "/worlds", "{\"id\":\"A B\"}", 422, "E_INVALID_ARGUMENT", "/id")]
    [InlineData("POST", "/worlds", "{\"idd\":\"a\"}", 422, "E_UNKNOWN_FIELD", "/idd")]
    [InlineData("POST", "/worlds/w/policies", "{\"tresholds\":{}}", 422, "E_POLICY_INVALID", "/tresholds")]
    [InlineData("POST", "/worlds/w/policies", "{\"stress\":{\"scenario\":{}}}", 422, "E_POLICY_INVALID", "/stress/scenario")]
    [InlineData("POST", "/worlds/w/evaluate", "{\"strategy_id\":\"a\",\"policy\":{}}", 422, "E_UNKNOWN_FIELD", "/policy")]
    [InlineData("POST", "/worlds/w/evaluate", "{\"strategy_id\":\"a\",\"stage\":\"moon\"}", 422, "E_INVALID_ARGUMENT", "/stage")]
    [InlineData("POST", "/worlds/w/evaluate", "{\"metrics\":{\"a\":{\"sharpe\":\"high\"}}}", 422, "E_INVALID_ARGUMENT", "/metrics/a/sharpe")]
    [InlineData("POST", "/worlds/w/evaluate", "{\"strategy_id\":\"a\",\"series\":{\"a\":{\"returns\":[0.1,-2]}}}", 422, "E_INVALID_ARGUMENT", "/series/a/returns/1")]
    [InlineData("POST", "/worlds/w/evaluate", "{\"strategy_id\":\"a\",\"correlations\":{\"a,b\":2}}", 422, "E_INVALID_ARGUMENT", "/correlations/a,b")]
    [InlineData("GET", "/worlds/w/activation?strategy_id=a&side=up", null, 422, "E_INVALID_ARGUMENT", "/side")]
    [InlineData("GET", "/worlds/w/queues/state_hash", null, 400, "E_UNKNOWN_TOPIC", "/topic")]
    [InlineData("POST", "/worlds/w/decisions", "{\"strategies\":[],\"extra\":1}", 422, "E_UNKNOWN_FIELD", "/extra")]
    [InlineData("POST", "/worlds/w/apply", "{\"run_id\":\"r\"}", 422, "E_INVALID_ARGUMENT", "/plan")]
    public async Task BadInput_IsAProblemThatNamesTheField(string method, string path, string? body, int status, string code, string? pointer)
    {
        await using var host = await StartAsync();
        await SendAsync(host, HttpMethod.Post, "/worlds", """{"id":"w"}""");
        var answer = await SendAsync(host, new HttpMethod(method), path, body);
        Assert.Equal(status, (int)answer.Status);
        Assert.Equal("application/problem+json", answer.MediaType);
        Assert.Equal(code, answer.Body.GetProperty("code").GetString());
        Assert.DoesNotContain("   at ", answer.Body.GetRawText(), StringComparison.Ordinal);
        if (pointer is not null) Assert.Equal(pointer, answer.Body.GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    private static Task<WorldHost> StartAsync() => WorldHost.StartAsync(
        new Dictionary<string, string?>(StringComparer.Ordinal) { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-ws-").FullName });

    private static async Task<Answer> SendAsync(WorldHost host, HttpMethod method, string path, string? body = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, contentType);
        using var response = await host.Http.SendAsync(request).Within();
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync().Within());
        return new Answer(response.StatusCode, document.RootElement.Clone(), response.Headers, response.Content.Headers.ContentType?.MediaType);
    }

    private static async Task<(HttpStatusCode Status, int Length, string? Etag)> RevalidateAsync(WorldHost host, string etag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/worlds/w/decide");
        request.Headers.IfNoneMatch.Add(new EntityTagHeaderValue(etag));
        using var response = await host.Http.SendAsync(request).Within();
        return (response.StatusCode, (await response.Content.ReadAsByteArrayAsync().Within()).Length, response.Headers.ETag?.Tag);
    }

    private sealed record Answer(HttpStatusCode Status, JsonElement Body, HttpResponseHeaders Headers, string? MediaType);
}
