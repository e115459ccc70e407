"""Asks every server for its `mntr` again and again, and prints what each leader counts: seconds
since the epoch, the address, its synced followers."""

import socket
import sys
import threading
import time

PAUSE = 0.2
TIMEOUT = 1.0


def ask(address):
    """The server's answer, as far as it came."""
    answer = b""
    with socket.create_connection((address, 2181), TIMEOUT) as connection:
        connection.settimeout(TIMEOUT)
        connection.sendall(b"mntr")
        while data := connection.recv(65536):
            answer += data
    return dict(line.split("\t", 1) for line in answer.decode().splitlines() if "\t" in line)


def watch(address):
    """Never ends."""
    while True:
        begin = time.time()
        try:
            values = ask(address)
        except OSError:
            values = {}
        if values.get("zk_server_state") == "leader" and "zk_synced_followers" in values:
            print(begin, address, values["zk_synced_followers"], flush=True)
        time.sleep(PAUSE)


for server in sys.argv[1:]:
    threading.Thread(target=watch, args=(server,)).start()
