using Qmtl.Gateway.Activation;
using Qmtl.Messaging.Topics;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>Activation in order, to the subscribers of this gateway.</summary>
internal sealed class HubActivationSink(EventHub hub, TimeProvider time) : IActivationSink
{
    public void Close(string worldId) => Publish(ActivationFrames.Hold(worldId, time.GetUtcNow()));

    public void Relay(ActivationEvent item) => hub.Publish(TopicCatalog.Activation, item.Frame, item.AppendedAt);

    public void Show(ListActivationsResponse state)
    {
        foreach (var entry in state.Entries) Publish(entry.ToUpdate());
    }

    private void Publish(ActivationUpdated update)
    {
        var now = time.GetUtcNow();
        hub.Publish(TopicCatalog.Activation, ActivationFrames.Frame(ActivationFrames.ActivationUpdated, update, now), now);
    }
}
