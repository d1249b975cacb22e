using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Client.Tests;

public sealed class CircuitBreakerTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Failures_ThreeInARow_OpenIt()
    {
        var breaker = new CircuitBreaker(_clock);

        Fail(breaker, 2);
        Assert.False(breaker.IsOpen);
        breaker.Reset();
        Fail(breaker, 2);
        Assert.True(breaker.TryEnter());
        Fail(breaker, 1);

        Assert.True(breaker.IsOpen);
        Assert.False(breaker.TryEnter());
    }

    [Fact]
    public void Open_TimePasses_StaysOpenAndLetsOneCallThrough()
    {
        var breaker = new CircuitBreaker(_clock);
        Fail(breaker, 3);

        _clock.Advance(TimeSpan.FromHours(1));

        Assert.True(breaker.IsOpen);
        Assert.True(breaker.TryEnter());
        Assert.False(breaker.TryEnter());
        breaker.ReportFailure();
        Assert.False(breaker.TryEnter());
        _clock.Advance(breaker.Cooldown);
        Assert.True(breaker.TryEnter());
        breaker.ReportNothing();
        Assert.True(breaker.TryEnter());
        breaker.Reset();
        Assert.False(breaker.IsOpen);
        Assert.True(breaker.TryEnter());
    }

    [Fact]
    public async Task Client_GatewayGoneThreeTimes_IsNotAskedUntilTheCooldownIsOver()
    {
        var silent = new Answers { Silent = true };
        using var http = new HttpClient(silent) { BaseAddress = new Uri("http://gateway.test/") };
        using var client = new GatewayClient(http) { Breaker = new CircuitBreaker(_clock) };

        for (var i = 0; i < 5; i++)
        {
            var refusal = await Assert.ThrowsAsync<RefusalException>(() => client.GetAsync<GatewayHealth>("health")).Within();
            Assert.Equal(ReasonCodes.Unavailable, refusal.Code);
        }

        Assert.Equal(3, silent.Asked);
        silent.Silent = false;
        await Assert.ThrowsAsync<RefusalException>(() => client.GetAsync<GatewayHealth>("health")).Within();
        Assert.Equal(3, silent.Asked);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await client.GetAsync<GatewayHealth>("health").Within();
        Assert.False(client.Breaker.IsOpen);
    }

    [Fact]
    public async Task Client_GatewayRefuses_IsThereAndKeepsItClosed()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Refuse("GET /health", 503, "E_UNAVAILABLE", "Not now.");
        using var client = new GatewayClient(gateway.Address);

        for (var i = 0; i < 5; i++) await Assert.ThrowsAsync<RefusalException>(() => client.GetAsync<GatewayHealth>("health")).Within();

        Assert.Equal(5, gateway.Calls.Count);
        Assert.False(client.Breaker.IsOpen);
    }

    [Fact]
    public async Task WaitForEvaluation_JudgedLater_AsksEachIntervalUntilItIs()
    {
        await using var gateway = await SubmitScene.StartAsync();
        var run = "GET /worlds/w/strategies/sma-cross-1/runs/run-1";
        gateway.Answer(run, new EvaluationRun { RunId = "run-1" });
        using var client = new GatewayClient(gateway.Address);

        var waiting = client.WaitForEvaluationAsync("w", "sma-cross-1", "run-1", time: _clock);
        await UntilAsync(() => gateway.Calls.Count == 1);
        Assert.False(waiting.IsCompleted);
        gateway.Answer(run, new EvaluationRun { RunId = "run-1", Summary = SubmitScene.Selected() });
        while (!waiting.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            await Task.WhenAny(waiting, Task.Delay(20));
        }

        Assert.Equal("pass", (await waiting).Summary.Status);
    }

    [Fact]
    public async Task WaitForEvaluation_NeverJudged_TimesOut()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Refuse("GET /worlds/w/strategies/s/runs/r", 404, "E_RUN_UNKNOWN", "Not yet.");
        using var client = new GatewayClient(gateway.Address);

        var waiting = client.WaitForEvaluationAsync("w", "s", "r", TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(10), _clock);
        await UntilAsync(() => gateway.Calls.Count == 1);
        while (!waiting.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(5));
            await Task.WhenAny(waiting, Task.Delay(20));
        }

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => waiting).Within();
        Assert.Equal(ReasonCodes.Timeout, refusal.Code);
        Assert.True(gateway.Calls.Count > 1);
    }

    private static void Fail(CircuitBreaker breaker, int times)
    {
        for (var i = 0; i < times; i++) breaker.ReportFailure();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition()) await Task.Delay(5).Within();
    }

    private sealed class Answers : HttpMessageHandler
    {
        public bool Silent { get; set; }

        public int Asked { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked++;
            return Silent ? throw new HttpRequestException("nobody there") : Task.FromResult(new HttpResponseMessage { Content = new StringContent("{}") });
        }
    }
}
