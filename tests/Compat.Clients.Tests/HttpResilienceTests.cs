using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Timeout;
using Qmtl.Testing;

#pragma warning disable EXTEXP0001 // experimental in the package

namespace Compat.Clients.Tests;

public sealed class HttpResilienceTests
{
    private static readonly Uri Address = new("http://127.0.0.1:1/");

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.RequestTimeout)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    public async Task Send_TransientStatusThenSuccess_IsRepeated(HttpStatusCode first)
    {
        var server = new FakeServer(first, first, HttpStatusCode.OK);
        await using var services = Build(server);

        using var response = await Client(services).GetAsync(Address).Within(10);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(3, server.Count);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.OK)]
    public async Task Send_AnswerThatIsFinal_IsNotRepeated(HttpStatusCode status)
    {
        var server = new FakeServer(status);
        await using var services = Build(server);

        using var response = await Client(services).GetAsync(Address).Within(10);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(1, server.Count);
    }

    [Fact]
    public async Task Send_ConnectionFailsAlways_IsTriedFourTimesThenThrows()
    {
        var server = new FakeServer((_, _, _) => throw new HttpRequestException("refused"));
        await using var services = Build(server);

        await Assert.ThrowsAsync<HttpRequestException>(() => Client(services).GetAsync(Address).Within(10));

        Assert.Equal(4, server.Count);
    }

    [Fact]
    public async Task Send_RetryAfter_IsWaitedFor()
    {
        var server = new FakeServer((_, attempt, _) =>
        {
            var response = new HttpResponseMessage(attempt == 0 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);
            if (attempt == 0) response.Headers.RetryAfter = new(TimeSpan.FromSeconds(1));
            return Task.FromResult(response);
        });
        await using var services = Build(server);
        var started = TimeProvider.System.GetTimestamp();

        using var response = await Client(services).GetAsync(Address).Within(10);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0.9, 8);
    }

    [Fact]
    public async Task Send_AttemptTakesTooLong_IsCutAndRepeated()
    {
        var server = new FakeServer(async (_, attempt, cancellationToken) =>
        {
            if (attempt == 0) await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK);
        });
        await using var services = Build(server, options => options.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(100));

        using var response = await Client(services).GetAsync(Address).Within(10);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, server.Count);
    }

    [Fact]
    public async Task Send_AllAttemptsTakeTooLong_EndsAtTheTotalTimeout()
    {
        var server = new FakeServer(async (_, _, cancellationToken) =>
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage();
        });
        await using var services = Build(server, options =>
        {
            options.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(200);
            options.TotalRequestTimeout.Timeout = TimeSpan.FromMilliseconds(500);
        });

        await Assert.ThrowsAsync<TimeoutRejectedException>(() => Client(services).GetAsync(Address).Within(10));
    }

    [Fact]
    public async Task Send_CallerCancels_IsNotRepeated()
    {
        using var cancel = new CancellationTokenSource();
        var server = new FakeServer(async (_, _, cancellationToken) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage();
        });
        await using var services = Build(server);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client(services).GetAsync(Address, cancel.Token).Within(10));

        Assert.Equal(1, server.Count);
    }

    [Fact]
    public async Task Send_EnoughFailures_OpensTheCircuit()
    {
        var server = new FakeServer(HttpStatusCode.InternalServerError);
        await using var services = Build(server, options =>
        {
            options.CircuitBreaker.MinimumThroughput = 4;
            options.Retry.DisableFor(HttpMethod.Get);
        });
        for (var i = 0; i < 4; i++) (await Client(services).GetAsync(Address).Within(10)).Dispose();

        await Assert.ThrowsAsync<BrokenCircuitException>(() => Client(services).GetAsync(Address).Within(10));

        Assert.Equal(4, server.Count);
    }

    [Fact]
    public async Task Send_MoreAtOnceThanPermitted_IsRejected()
    {
        var release = new TaskCompletionSource();
        var server = new FakeServer(async (_, _, cancellationToken) =>
        {
            await release.Task.WaitAsync(cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK);
        });
        await using var services = Build(server, options => options.RateLimiter.DefaultRateLimiterOptions = new() { PermitLimit = 1, QueueLimit = 0 });
        var first = Client(services).GetAsync(Address);
        await TimeLimits.EventuallyAsync(() => server.Count == 1);

        await Assert.ThrowsAsync<RateLimiterRejectedException>(() => Client(services).GetAsync(Address).Within(10));
        release.SetResult();

        using var response = await first.Within(10);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Send_UnsafeMethodsDisabled_RepeatsOnlyTheSafe()
    {
        var server = new FakeServer(HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK);
        await using var services = Build(server, options => options.Retry.DisableForUnsafeHttpMethods());

        using var posted = await Client(services).PostAsync(Address, content: null).Within(10);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, posted.StatusCode);
        Assert.Equal(1, server.Count);

        using var read = await Client(services).GetAsync(Address).Within(10);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
    }

    [Fact]
    public async Task RemoveAllResilienceHandlers_TakesOffTheDefaultsToo()
    {
        var server = new FakeServer(HttpStatusCode.ServiceUnavailable);
        var collection = new ServiceCollection();
        collection.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
        collection.AddHttpClient("bare").RemoveAllResilienceHandlers().ConfigurePrimaryHttpMessageHandler(() => server);
        await using var services = collection.BuildServiceProvider();

        using var response = await services.GetRequiredService<IHttpClientFactory>().CreateClient("bare").GetAsync(Address).Within(10);

        Assert.Equal(1, server.Count);
    }

    [Fact]
    public void Options_Defaults_AreTheStandardOnes()
    {
        using var services = Build(new FakeServer(HttpStatusCode.OK), configure: null);
        var options = new HttpStandardResilienceOptions();

        Assert.Equal(TimeSpan.FromSeconds(30), options.TotalRequestTimeout.Timeout);
        Assert.Equal(TimeSpan.FromSeconds(10), options.AttemptTimeout.Timeout);
        Assert.Equal(3, options.Retry.MaxRetryAttempts);
        Assert.Equal(TimeSpan.FromSeconds(2), options.Retry.Delay);
        Assert.True(options.Retry.UseJitter);
        Assert.Equal(1000, options.RateLimiter.DefaultRateLimiterOptions.PermitLimit);
        Assert.Equal(Timeout.InfiniteTimeSpan, Client(services).Timeout);
    }

    [Fact]
    public void Options_AttemptLongerThanTotal_AreRefused()
    {
        using var services = Build(new FakeServer(HttpStatusCode.OK), options => options.AttemptTimeout.Timeout = TimeSpan.FromSeconds(40));

        Assert.Throws<OptionsValidationException>(() => Client(services));
    }

    private static HttpClient Client(IServiceProvider services) => services.GetRequiredService<IHttpClientFactory>().CreateClient("any");

    private static ServiceProvider Build(FakeServer server, Action<HttpStandardResilienceOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddHttpClient("any").ConfigurePrimaryHttpMessageHandler(() => server).AddStandardResilienceHandler(options =>
        {
            options.Retry.Delay = TimeSpan.FromMilliseconds(5);
            configure?.Invoke(options);
        });
        return services.BuildServiceProvider();
    }
}
