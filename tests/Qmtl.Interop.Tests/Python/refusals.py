"""What cannot be done is refused with a status, a reason and the field at fault."""

import json

import qmtl_client

client, http, task = qmtl_client.start()

from qmtl.v1 import worlds_pb2  # noqa: E402  (generated; found once the client knows where)

LIMIT = 10
world = task["world"]
client.worlds.CreateWorld(worlds_pb2.CreateWorldRequest(id=world), timeout=LIMIT)
wrong = qmtl_client.submission(task, world, crc=task["crc"] ^ 1)
misspelt = dict(task, policy="top_k: {metric: sharp, k: 1}")

print(json.dumps({
    "wrong_crc": qmtl_client.refusal(lambda: client.gateway.SubmitStrategy(wrong, timeout=LIMIT)),
    "unknown_world": qmtl_client.refusal(lambda: client.worlds.Decide(worlds_pb2.DecideRequest(world_id="nowhere"), timeout=LIMIT)),
    "world_again": qmtl_client.refusal(lambda: client.worlds.CreateWorld(worlds_pb2.CreateWorldRequest(id=world), timeout=LIMIT)),
    "misspelt_policy": qmtl_client.refusal(lambda: client.worlds.CreatePolicy(qmtl_client.policy(misspelt, world), timeout=LIMIT)),
    "strategies_kept": len(qmtl_client.get(http, f"/strategies?world={world}")["strategies"]),
}))
