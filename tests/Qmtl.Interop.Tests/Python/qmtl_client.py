"""What the scripts share: the generated modules, the stubs, and refusals as plain data."""

import base64
import json
import sys
import urllib.request

import grpc


class Client:
    """The three services behind one address, with code generated into the folder on the command line."""

    def __init__(self, authority, generated):
        sys.path.insert(0, generated)
        from qmtl.v1 import gateway_pb2_grpc, world_service_pb2_grpc

        self.channel = grpc.insecure_channel(authority)
        grpc.channel_ready_future(self.channel).result(timeout=10)
        self.worlds = world_service_pb2_grpc.WorldServiceStub(self.channel)
        self.gateway = gateway_pb2_grpc.GatewayStub(self.channel)


def start():
    """Command line: authority of gRPC, address of HTTP, folder of the generated code. Standard input: one JSON document."""
    authority, http, generated = sys.argv[1:4]
    return Client(authority, generated), http.rstrip("/"), json.load(sys.stdin)


def submission(task, world, crc=None):
    """The graph as its author serialised it, with the checksum over its node ids."""
    from qmtl.v1 import submissions_pb2

    return submissions_pb2.StrategySubmit(
        dag_json=base64.b64decode(task["dag_json"]),
        world_ids=[world],
        node_ids_crc32=task["crc"] if crc is None else crc,
    )


def policy(task, world):
    """A policy upload: the document itself, with its content type."""
    from google.api import httpbody_pb2
    from qmtl.v1 import policies_pb2

    body = httpbody_pb2.HttpBody(content_type="application/yaml", data=task["policy"].encode())
    return policies_pb2.CreatePolicyRequest(world_id=world, document=body)


def get(http, path):
    """A GET that answers JSON."""
    with urllib.request.urlopen(http + path, timeout=10) as response:
        return json.load(response)


def refusal(call):
    """The status that a call ends with, and what its details say."""
    from google.rpc import error_details_pb2, status_pb2

    try:
        call()
    except grpc.RpcError as error:
        said = {"status": error.code().name, "message": error.details(), "violations": []}
        for key, value in error.trailing_metadata():
            if key != "grpc-status-details-bin":
                continue
            details = status_pb2.Status.FromString(value)
            said["details_code"] = details.code
            for detail in details.details:
                info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
                if detail.Unpack(info):
                    said.update(reason=info.reason, domain=info.domain, metadata=dict(info.metadata))
                elif detail.Unpack(bad):
                    said["violations"] = [{"field": v.field, "description": v.description} for v in bad.field_violations]
        return said
    return {"status": "OK"}
