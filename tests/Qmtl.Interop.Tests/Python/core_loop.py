"""One strategy through the whole loop: world, policy, events, submission, evaluation, decision, activation."""

import json
import queue
import threading

import qmtl_client
from google.protobuf import json_format

client, http, task = qmtl_client.start()

from qmtl.v1 import evaluation_pb2, gateway_pb2, worlds_pb2  # noqa: E402  (generated; found once the client knows where)

LIMIT = 10
world = task["world"]

created = client.worlds.CreateWorld(worlds_pb2.CreateWorldRequest(id=world, name="From Python"), timeout=LIMIT)
uploaded = client.worlds.CreatePolicy(qmtl_client.policy(task, world), timeout=LIMIT)

# Headers say that the subscription stands; what happens from here on is heard.
stream = client.gateway.Subscribe(gateway_pb2.SubscribeRequest(world_id=world, topics=["evaluation,activation"]), timeout=60)
stream.initial_metadata()
heard = queue.Queue()


def listen():
    try:
        for event in stream:
            heard.put(json_format.MessageToDict(event, preserving_proto_field_name=True))
    except Exception as error:  # Ends with the cancellation below; any other end is told to whoever waits.
        heard.put({"type": "broken", "data": str(error)})


threading.Thread(target=listen, daemon=True).start()

ack = client.gateway.SubmitStrategy(qmtl_client.submission(task, world), timeout=LIMIT)
strategy = ack.strategy_id

request = evaluation_pb2.EvaluateRequest(world_id=world, strategy_id=strategy, run_id="python-1", stage="backtest")
request.metrics[strategy].update(task["metrics"])
evaluated = client.worlds.Evaluate(request, timeout=LIMIT)

wanted = {"evaluation_run_created", "activation_updated"}
events = []
while wanted and (not events or events[-1]["type"] != "broken"):
    events.append(heard.get(timeout=LIMIT))
    wanted.discard(events[-1]["type"])
stream.cancel()

decision = client.worlds.Decide(worlds_pb2.DecideRequest(world_id=world), timeout=LIMIT)
activation = client.worlds.GetActivation(worlds_pb2.GetActivationRequest(world_id=world, strategy_id=strategy, side="long"), timeout=LIMIT)
over_http = qmtl_client.get(http, f"/worlds/{world}/decide")
same = ("policy_version", "effective_mode", "reason", "etag")

print(json.dumps({
    "world_state": created.state,
    "policy_version": uploaded.version,
    "strategy_id": strategy,
    "crc": ack.node_ids_crc32,
    "run_id": evaluated.evaluation_run_id,
    "active": list(evaluated.active),
    "status": evaluated.summary.status,
    "decision": {name: getattr(decision, name) for name in same},
    "decision_ttl_seconds": decision.ttl.seconds,
    "decision_over_http": {name: over_http[name] for name in same},
    "activation": {"active": activation.active, "weight": activation.weight, "etag": activation.etag, "mode": activation.effective_mode},
    "events": events,
}))
