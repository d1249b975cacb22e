using System.Diagnostics;
using System.Globalization;
using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Grpc.Core;
using Microsoft.Extensions.Logging;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class DeadlineTests
{
    private static DateTime In(double seconds) => DateTime.UtcNow.AddSeconds(seconds);

    [Fact]
    public async Task Unary_HandlerTooSlow_EndsBothSidesAtTheDeadline()
    {
        await using var host = await ProbeHost.StartAsync();

        var late = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask { Behaviour = "hang" }, deadline: In(0.3)).ResponseAsync).Within();

        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        await host.Log.Cancelled.Task.Within();
    }

    [Fact]
    public async Task Unary_AnsweredAfterTheDeadline_IsNoErrorOfTheHandler()
    {
        using var errors = new ErrorLog();
        var host = await ProbeHost.StartAsync(build: builder => builder.Logging.AddProvider(errors));
        try
        {
            var late = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask { Behaviour = "ignore-deadline" }, deadline: In(0.3)).ResponseAsync).Within();
            Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        }
        finally
        {
            // Lets the handler answer, and waits until the call has ended.
            await host.DisposeAsync();
        }

        Assert.Equal(1, host.Log.Received);
        Assert.Empty(errors.Lines);
    }

    [Fact]
    public async Task ServerStreaming_HandlerTooSlow_KeepsWhatCameBefore()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Expand(new Ask { Behaviour = "hang-after-one", Count = 5 }, deadline: In(1));

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        var late = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None)).Within();

        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        await host.Log.Cancelled.Task.Within();
    }

    [Fact]
    public async Task Duplex_NobodyReading_StillEndsAtTheDeadline()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Chat(deadline: In(0.3));
        await call.RequestStream.WriteAsync(new Ask { Behaviour = "hang" }).Within();

        await host.Log.Cancelled.Task.Within();
        await TimeLimits.EventuallyAsync(() => Ended(call));
        Assert.Equal(StatusCode.DeadlineExceeded, call.GetStatus().StatusCode);
        await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new Ask())).Within();
    }

    [Fact]
    public async Task Deadline_AlreadyPast_SendsNothing()
    {
        await using var host = await ProbeHost.StartAsync();

        var late = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask(), deadline: In(-1)).ResponseAsync).Within();

        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        Assert.Equal(0, host.Log.Received);
    }

    [Fact]
    public async Task Deadline_InLocalTime_IsRefused()
    {
        await using var host = await ProbeHost.StartAsync();

        Assert.Throws<InvalidOperationException>(() => host.Client().EchoAsync(new Ask(), deadline: DateTime.SpecifyKind(In(5), DateTimeKind.Local)));
    }

    [Theory]
    [InlineData(30)]
    [InlineData(86_400)]
    [InlineData(86_400 * 365)]
    public async Task Deadline_OnTheServer_IsTheCallers(double seconds)
    {
        await using var host = await ProbeHost.StartAsync();
        var deadline = In(seconds);

        var answer = await host.Client().EchoAsync(new Ask { Behaviour = "deadline" }, deadline: deadline).ResponseAsync.Within();

        // The wire carries time left, rounded to the unit that fits.
        var seen = DateTime.Parse(answer.Text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
        Assert.InRange((seen - deadline).TotalSeconds, -1, 61);
    }

    [Fact]
    public async Task NoDeadline_OnTheServer_IsTheEndOfTime()
    {
        await using var host = await ProbeHost.StartAsync();

        var answer = await host.Client().EchoAsync(new Ask { Behaviour = "deadline" }).ResponseAsync.Within();

        Assert.Equal(DateTime.MaxValue, DateTime.Parse(answer.Text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind));
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("ignore-deadline")]
    public async Task Server_CallerWithoutATimer_IsAnsweredAtTheTimeout(string behaviour)
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);
        var elapsed = Stopwatch.StartNew();

        var (response, body) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(new Ask { Behaviour = behaviour }), headers: ("grpc-timeout", "300m")).Within(10);

        Assert.Equal("4", RawCall.Status(response));
        Assert.Equal("Deadline Exceeded", RawCall.Status(response, "grpc-message"));
        Assert.Empty(body);
        Assert.InRange(elapsed.Elapsed.TotalSeconds, 0.25, 5);
    }

    private static bool Ended(AsyncDuplexStreamingCall<Ask, Answer> call)
    {
        try
        {
            return call.GetStatus().StatusCode != StatusCode.OK;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
