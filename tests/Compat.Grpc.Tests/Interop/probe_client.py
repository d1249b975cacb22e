"""Calls a probe server at argv[1] with messages generated into argv[2]; prints one line per behaviour that holds."""
import sys

sys.path.insert(0, sys.argv[2])
import grpc
import probe_pb2 as messages
import probe_pb2_grpc as services

DETAIL = "100% wrong:\n größer als 日本"


def holds(name, condition):
    if not condition:
        raise SystemExit(f"does not hold: {name}")
    print(name, flush=True)


def refusal(action):
    try:
        action()
    except grpc.RpcError as error:
        return error
    raise SystemExit("the call should have been refused")


with grpc.insecure_channel(sys.argv[1]) as channel:
    probe = services.ProbeStub(channel)
    holds("unary", probe.Echo(messages.Ask(text="a"), timeout=10).text == "a")
    collected = probe.Collect(iter([messages.Ask(text=str(i)) for i in range(10)]), timeout=10)
    holds("client streaming", (collected.text, collected.count) == ("0123456789", 10))
    holds("server streaming", [a.count for a in probe.Expand(messages.Ask(count=100), timeout=10)] == list(range(100)))
    holds("duplex", [a.text for a in probe.Chat(iter([messages.Ask(text=str(i)) for i in range(20)]), timeout=10)] == [str(i) for i in range(20)])

    big = bytes(range(256)) * 12000
    holds("large message", probe.Echo(messages.Ask(payload=big), timeout=10).payload == big)

    sent = (("x-text", "plain"), ("x-bytes-bin", bytes([0, 1, 127, 128, 255])))
    answer, call = probe.Echo.with_call(messages.Ask(behaviour="headers"), metadata=sent, timeout=10)
    holds("headers", set(sent) <= {(m.key, m.value) for m in call.initial_metadata()})
    holds("trailers", set(sent) <= {(m.key, m.value) for m in call.trailing_metadata()})

    for name, action in (
        ("status in headers", lambda: probe.Echo(messages.Ask(behaviour="refuse"), timeout=10)),
        ("status in trailers", lambda: list(probe.Expand(messages.Ask(behaviour="refuse-after-one", count=3), timeout=10))),
    ):
        error = refusal(action)
        details = dict((m.key, m.value) for m in error.trailing_metadata())["grpc-status-details-bin"]
        holds(name, (error.code(), error.details(), details) == (grpc.StatusCode.INVALID_ARGUMENT, DETAIL, bytes([0, 1, 2, 255])))

    holds("unimplemented", refusal(lambda: probe.Missing(messages.Ask(), timeout=10)).code() == grpc.StatusCode.UNIMPLEMENTED)
    holds("deadline", refusal(lambda: probe.Echo(messages.Ask(behaviour="hang"), timeout=0.3)).code() == grpc.StatusCode.DEADLINE_EXCEEDED)

    cancelled = probe.Expand(messages.Ask(behaviour="hang-after-one", count=3), timeout=10)
    next(cancelled)
    cancelled.cancel()
    holds("cancellation", refusal(lambda: next(cancelled)).code() == grpc.StatusCode.CANCELLED)

with grpc.insecure_channel(sys.argv[1], compression=grpc.Compression.Gzip) as channel:
    zeros = messages.Ask(payload=bytes(100000))
    holds("gzip", services.ProbeStub(channel).Echo(zeros, timeout=10).count == 100000)
print("done", flush=True)
