using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Storage.Outbox;

namespace Qmtl.Cli.Tests;

/// <summary>What an operator sees of the log, and how a dead letter goes back.</summary>
public sealed class LogTests : IDisposable
{
    private const string Topic = "trade.fills";
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Redrive_AfterTheHandlerIsMended_IsHandledAndShown()
    {
        var state = _scratch.File("state");
        await HandleAsync(state, append: true, _ => throw new PoisonMessageException("no such account"));

        var topics = await Command.JsonAsync("log", "topics", "--state", state);
        var tail = await Command.JsonAsync("log", "tail", Topic + ".dlq", "--state", state);
        var shown = await Command.RunAsync("log", "tail", Topic + ".dlq", "--state", state);
        var redriven = await Command.JsonAsync("log", "redrive", Topic + ".dlq", "--state", state);
        var again = await Command.JsonAsync("log", "redrive", Topic + ".dlq", "--state", state);
        var handled = new List<string>();
        await HandleAsync(state, append: false, record => handled.Add(record.Key));
        var groups = await Command.JsonAsync("log", "groups", "books", "--state", state);

        Assert.Equal(1, topics.GetProperty("topics").EnumerateArray().Single(topic => topic.GetProperty("topic").GetString() == Topic + ".dlq").GetProperty("records").GetInt64());
        var dead = Assert.Single(tail.GetProperty("records").EnumerateArray());
        Assert.Equal(("fill", "w|s|BTC|1", "{}"), (dead.GetProperty("type").GetString(), dead.GetProperty("key").GetString(), dead.GetProperty("payload").GetString()));
        Assert.Contains("set aside by books after 1 attempts: PoisonMessageException: no such account", shown.Out, StringComparison.Ordinal);
        Assert.Equal((1, 0), (redriven.GetProperty("sent").GetInt32(), again.GetProperty("sent").GetInt32()));
        Assert.Equal(["w|s|BTC|1"], handled);
        Assert.Equal(0, groups.GetProperty("partitions").EnumerateArray().Sum(partition => partition.GetProperty("lag").GetInt64()));
    }

    [Fact]
    public async Task Redrive_NotADeadLetterTopic_SaysWhichWasMeant()
    {
        var state = _scratch.File("state");
        await HandleAsync(state, append: true, _ => { });

        var ran = await Command.RunAsync("log", "redrive", Topic, "--state", state);

        Assert.Equal(2, ran.ExitCode);
        Assert.Contains("did you mean trade.fills.dlq?", ran.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log tail nothing", 1, "There is no topic nothing")]
    [InlineData("log tail trade.fil", 1, "did you mean trade.fills?")]
    [InlineData("log tail trade.fills --limit 0", 2, "--limit was 0")]
    [InlineData("log tail trade.fills --from 3", 2, "name it with --partition")]
    public async Task Tail_WrongArguments_AreNamed(string command, int code, string message)
    {
        var state = _scratch.File("state");
        await HandleAsync(state, append: true, _ => { });

        var ran = await Command.RunAsync([.. command.Split(' '), "--state", state]);

        Assert.Contains(message, ran.Error, StringComparison.Ordinal);
        Assert.Equal(code, ran.ExitCode);
    }

    [Fact]
    public async Task Topics_NoState_Is1AndMakesNone()
    {
        var ran = await Command.RunAsync("log", "topics", "--state", _scratch.File("nothing"));

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("holds no state", ran.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scratch.File("nothing")));
    }

    /// <summary>A process that appends a fill, or not, and whose one group handles what there is.</summary>
    private static async Task HandleAsync(string state, bool append, Action<LogRecord> handle)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("Storage:Directory", state), new("Storage:Fsync", "false")]);
        builder.AddQmtlMessaging();
        using var host = builder.Build();
        await host.StartAsync();
        var log = host.Services.GetRequiredService<IMessageLog>();
        var topics = host.Services.GetRequiredService<ITopicAdmin>();
        if (append) await log.AppendAsync([new BusMessage(Topic, "w|s|BTC|1", "fill", "{}"u8.ToArray())]);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var run = host.Services.GetRequiredService<ISubscriptions>().RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions(Topic) { Group = "books" } },
            (record, _) =>
            {
                handle(record);
                return Task.CompletedTask;
            },
            stop.Token);
        while (!(await topics.DescribeGroupAsync("books")).Any(partition => partition is { End: > 0, Lag: 0 }) || (await topics.DescribeGroupAsync("books")).Any(partition => partition.Lag > 0))
            await Task.Delay(20, stop.Token);
        await stop.CancelAsync();
        await run;
        await host.StopAsync();
    }
}
