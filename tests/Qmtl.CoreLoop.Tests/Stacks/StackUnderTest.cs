using Qmtl.Testing;

namespace Qmtl.CoreLoop.Tests.Stacks;

/// <summary>A stack that the suite runs against: the same contract, whatever it is made of.</summary>
public abstract class StackUnderTest : IAsyncDisposable
{
    /// <summary>How long a gateway that died holds a submission: a test does not wait for the usual half minute.</summary>
    protected const string HoldFor = "00:00:02";

    /// <summary>The Gateway's HTTP address.</summary>
    public abstract Uri Http { get; }

    /// <summary>The Gateway's gRPC address.</summary>
    public abstract Uri Grpc { get; }

    /// <summary>WorldService's gRPC address.</summary>
    public abstract Uri WorldGrpc { get; }

    /// <summary>Brings the stack up.</summary>
    public abstract Task StartAsync();

    /// <summary>Ends it as hard as its profile can, and brings it up again on what it left.</summary>
    public abstract Task CrashAndRestartAsync();

    /// <summary>Takes WorldService away from the Gateway.</summary>
    public abstract Task LoseWorldServiceAsync();

    /// <summary>Gives it back.</summary>
    public abstract Task RestoreWorldServiceAsync();

    public abstract ValueTask DisposeAsync();
}

/// <summary>One stack for all tests of its collection, started by the first of them: where all are skipped, nothing is started.</summary>
public sealed class StackFixture<TStack> : IAsyncLifetime
    where TStack : StackUnderTest, new()
{
    private TStack? _stack;

    public async Task<StackUnderTest> GetAsync()
    {
        if (_stack is not null) return _stack;
        var stack = new TStack();
        await stack.StartAsync().Within(120);
        _stack = stack;
        // Started together with others on a busy machine, the parts may take a moment to find each other.
        using var http = new HttpClient();
        await TimeLimits.EventuallyAsync(async () => (await http.GetStringAsync(new Uri(stack.Http, "health"))).Contains("\"status\":\"ok\"", StringComparison.Ordinal));
        return stack;
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_stack is not null) await _stack.DisposeAsync();
    }
}

[CollectionDefinition(nameof(EmbeddedStackUnderTest))]
public sealed class EmbeddedStackTests : ICollectionFixture<StackFixture<EmbeddedStackUnderTest>>;

[CollectionDefinition(nameof(StandaloneProcessUnderTest))]
public sealed class StandaloneProcessTests : ICollectionFixture<StackFixture<StandaloneProcessUnderTest>>;

[CollectionDefinition(nameof(FullStackUnderTest))]
public sealed class FullStackTests : ICollectionFixture<StackFixture<FullStackUnderTest>>;
