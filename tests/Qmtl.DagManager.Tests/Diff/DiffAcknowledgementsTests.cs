using Qmtl.DagManager.Diff;
using Qmtl.Testing;

namespace Qmtl.DagManager.Tests.Diff;

public sealed class DiffAcknowledgementsTests
{
    private readonly ManualClock _clock = new();
    private readonly DiffAcknowledgements _acknowledgements;

    public DiffAcknowledgementsTests() => _acknowledgements = new DiffAcknowledgements(_clock);

    [Fact]
    public async Task MaySend_WindowFull_WaitsForAnAcknowledgement()
    {
        Assert.Equal(0, _acknowledgements.Begin("d"));
        for (var chunk = 0; chunk < DiffAcknowledgements.Window; chunk++) Assert.True(await _acknowledgements.MaySendAsync("d", chunk, default).Within());

        var next = _acknowledgements.MaySendAsync("d", DiffAcknowledgements.Window, default);
        Assert.False(next.IsCompleted);
        _acknowledgements.Acknowledge("d", 0);

        Assert.True(await next.Within());
    }

    [Fact]
    public async Task MaySend_ReaderSilentForThirtySeconds_GivesUp()
    {
        _acknowledgements.Begin("d");
        var next = _acknowledgements.MaySendAsync("d", DiffAcknowledgements.Window, default);

        _clock.Advance(TimeSpan.FromSeconds(31));

        Assert.False(await next.Within());
    }

    [Fact]
    public void Begin_BrokenDiff_GoesOnBehindTheLastAcknowledgement()
    {
        _acknowledgements.Begin("d");
        _acknowledgements.Acknowledge("d", 3);
        _acknowledgements.Acknowledge("d", 1);

        Assert.Equal(4, _acknowledgements.Begin("d"));
        _acknowledgements.End("d");
        Assert.Equal(0, _acknowledgements.Begin("d"));
    }

    [Fact]
    public void Begin_DiffForgotten_StartsFromTheBeginning()
    {
        _acknowledgements.Begin("d");
        _acknowledgements.Acknowledge("d", 3);

        _clock.Advance(TimeSpan.FromMinutes(6));

        Assert.Equal(0, _acknowledgements.Begin("d"));
    }
}
