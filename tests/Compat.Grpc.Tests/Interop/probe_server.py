"""Serves the probe with messages generated into argv[1]; prints its port, ends when its input does."""
import sys
from concurrent import futures

sys.path.insert(0, sys.argv[1])
import grpc
import probe_pb2 as messages
import probe_pb2_grpc as services

DETAIL = "100% wrong:\n größer als 日本"


def refuse(context):
    context.set_trailing_metadata((("grpc-status-details-bin", bytes([0, 1, 2, 255])),))
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, DETAIL)


class Probe(services.ProbeServicer):
    def Echo(self, request, context):
        if request.behaviour == "headers":
            own = tuple((m.key, m.value) for m in context.invocation_metadata() if m.key.startswith("x-"))
            context.send_initial_metadata(own)
            context.set_trailing_metadata(own)
        if request.behaviour == "refuse":
            refuse(context)
        if request.behaviour == "hang":
            import time
            while context.is_active():
                time.sleep(0.01)
        if request.behaviour == "remaining":
            return messages.Answer(count=int(context.time_remaining()))
        return messages.Answer(text=request.text, count=len(request.payload), payload=request.payload)

    def Collect(self, requests, context):
        texts = [r.text for r in requests]
        return messages.Answer(text="".join(texts), count=len(texts))

    def Expand(self, request, context):
        for i in range(request.count):
            yield messages.Answer(text=request.text, count=i)
            if request.behaviour == "refuse-after-one":
                refuse(context)

    def Chat(self, requests, context):
        for request in requests:
            yield messages.Answer(text=request.text)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), compression=grpc.Compression.Gzip)
services.add_ProbeServicer_to_server(Probe(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(0)
