using System.Diagnostics.Metrics;

namespace Qmtl.Gateway.Events;

/// <summary>What is measured of the event stream.</summary>
internal sealed class EventMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _relayed;
    private readonly Counter<long> _fanout;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _lagging;
    private readonly Counter<long> _connections;
    private readonly Counter<long> _disconnects;
    private readonly Counter<long> _authFailures;
    private readonly Counter<long> _heartbeats;
    private readonly Counter<long> _acks;
    private readonly Counter<long> _refreshes;
    private readonly Counter<long> _refreshFailures;
    private readonly Histogram<double> _skew;

    public EventMetrics()
    {
        _relayed = _meter.CreateCounter<long>("event_relay_events_total", description: "Events taken from the bus, by topic.");
        _fanout = _meter.CreateCounter<long>("event_fanout_total", description: "Events handed to subscribers, by topic.");
        _dropped = _meter.CreateCounter<long>("event_relay_dropped_total", description: "Events lost to subscribers that did not keep up, by topic.");
        _duplicates = _meter.CreateCounter<long>("event_relay_duplicates_total", description: "Events dropped because their id was relayed before, by topic.");
        _lagging = _meter.CreateCounter<long>("ws_dropped_subscribers_total", description: "Times a subscriber lost events because it did not keep up, and was told to read the state.");
        _connections = _meter.CreateCounter<long>("ws_connections_total", description: "Event streams accepted, by transport: websocket, sse or grpc.");
        _disconnects = _meter.CreateCounter<long>("ws_disconnects_total", description: "WebSocket streams ended, by reason: left, stopping, expired, too_big, unfinished, stuck, lost or protocol.");
        _authFailures = _meter.CreateCounter<long>("ws_auth_failures_total", description: "Event streams refused, by reason code.");
        _heartbeats = _meter.CreateCounter<long>("ws_heartbeats_total", description: "Messages of WebSocket subscribers that only say they are there.");
        _acks = _meter.CreateCounter<long>("ws_acks_total", description: "Acknowledgements of WebSocket subscribers.");
        _refreshes = _meter.CreateCounter<long>("ws_refreshes_total", description: "Tokens renewed on an open stream.");
        _refreshFailures = _meter.CreateCounter<long>("ws_refresh_failures_total", description: "Tokens refused on an open stream, which ends it, by reason code.");
        _skew = _meter.CreateHistogram<double>("event_relay_skew_ms", description: "Time from an event to its relay in milliseconds, by topic.");
    }

    public void Relayed(string topic, int takers, int losers)
    {
        var tag = new KeyValuePair<string, object?>("topic", topic);
        _relayed.Add(1, tag);
        if (takers > 0) _fanout.Add(takers, tag);
        if (losers > 0) _dropped.Add(losers, tag);
    }

    public void Duplicate(string topic) => _duplicates.Add(1, new KeyValuePair<string, object?>("topic", topic));

    public void Lagging() => _lagging.Add(1);

    public void Connected(string transport) => _connections.Add(1, new KeyValuePair<string, object?>("transport", transport));

    public void Disconnected(string reason) => _disconnects.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Refused(string code) => _authFailures.Add(1, new KeyValuePair<string, object?>("reason", code));

    public void Heartbeat() => _heartbeats.Add(1);

    public void Acknowledged() => _acks.Add(1);

    public void Refreshed() => _refreshes.Add(1);

    public void RefreshRefused(string code) => _refreshFailures.Add(1, new KeyValuePair<string, object?>("reason", code));

    public void Skew(string topic, TimeSpan skew) => _skew.Record(Math.Max(0, skew.TotalMilliseconds), new KeyValuePair<string, object?>("topic", topic));

    /// <summary>Reports the subscribers of each topic.</summary>
    public void Observe(Func<IEnumerable<Measurement<int>>> subscribers) => _meter.CreateObservableGauge("ws_subscribers", subscribers, description: "Subscribers, by topic.");

    public void Dispose() => _meter.Dispose();
}
