"""A server that speaks as much of ZooKeeper's protocol as `steadfast status` asks for, or none of it.

    stub.py ADDRESS MODE [NAME=VALUE ...]

MODE: leader, follower, observer, standalone, not-serving; or garbage, half, endless, silent, closes.
Names: zxid, version, synced (zk_synced_followers), config (FILE, for /zookeeper/config), log (FILE, a
line for each znode that is asked for, made or removed), auth (yes: sessions need authentication).
"""

import asyncio
import ipaddress
import struct
import sys

ADDRESS, MODE = sys.argv[1:3]
OPTIONS = dict(option.split("=", 1) for option in sys.argv[3:])
NOT_SERVING = b"This ZooKeeper instance is not currently serving requests\n"
PING, GET_DATA, CREATE2, DELETE, CLOSE = 11, 4, 15, 2, -11
STAT = bytes(68)


def srvr():
    version = OPTIONS.get("version", "3.8.0")
    zxid = OPTIONS.get("zxid", "0x100000002")
    return (
        f"Zookeeper version: {version}-build, built on 2024-12-29\nLatency min/avg/max: 0/0.0/0\n"
        f"Received: 1\nSent: 0\nConnections: 2\nOutstanding: 0\nZxid: {zxid}\nMode: {MODE}\n"
        "Node count: 5\n"
    ).encode()


def mntr():
    text = f"zk_version\t3.8.0\nzk_server_state\t{MODE}\n"
    if MODE == "leader":
        text += f"zk_synced_followers\t{OPTIONS.get('synced', '2')}\nzk_learners\t2\n"
    return text.encode()


def log(line):
    if "log" in OPTIONS:
        with open(OPTIONS["log"], "a") as file:
            file.write(line + "\n")


def path(body):
    (length,) = struct.unpack_from(">i", body)
    return body[4 : 4 + length].decode()


def answer(kind, body):
    """The answer's body, and its error."""
    if kind == GET_DATA:
        log(f"get {path(body)}")
        data = open(OPTIONS["config"], "rb").read()
        return struct.pack(">i", len(data)) + data + STAT, 0
    if kind == CREATE2:
        log(f"create {path(body)}")
        name = path(body).encode()
        return struct.pack(">i", len(name)) + name + STAT, 0
    if kind == DELETE:
        log(f"delete {path(body)}")
    return b"", 0


async def session(reader, writer, length):
    await reader.readexactly(length)
    response = struct.pack(">iiqi", 0, 4000, 7, 16) + bytes(16) + b"\0"
    writer.write(struct.pack(">i", len(response)) + response)
    kind = 0
    while kind != CLOSE:
        (length,) = struct.unpack(">i", await reader.readexactly(4))
        request = await reader.readexactly(length)
        xid, kind = struct.unpack_from(">ii", request)
        body, error = answer(kind, request[8:])
        if OPTIONS.get("auth") == "yes":
            body, error = b"", -124
        reply = struct.pack(">iqi", xid, 1, error) + body
        writer.write(struct.pack(">i", len(reply)) + reply)
        await writer.drain()
    writer.close()


async def serve(reader, writer):
    if MODE == "silent":
        await asyncio.sleep(3600)
    word = await reader.readexactly(4)
    said = {b"srvr": srvr(), b"mntr": mntr()}.get(word)
    if MODE == "garbage":
        said = b"HTTP/1.1 400 Bad Request\x1b[2J\r\n\r\n" + bytes(range(256))
    elif MODE == "half":
        said = (said or bytes(64))[:30]
    elif MODE == "closes":
        said = b""
    elif MODE == "endless":
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
    elif MODE == "not-serving":
        said = NOT_SERVING if said else b""
    if said is None:
        return await session(reader, writer, struct.unpack(">i", word)[0])
    writer.write(said)
    writer.close()


async def guarded(reader, writer):
    try:
        await serve(reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    # The slot's IPv4 address alone, as ZooKeeper has it.
    ipaddress.IPv4Address(ADDRESS)
    server = await asyncio.start_server(guarded, ADDRESS, 2181)
    await server.serve_forever()


asyncio.run(main())
