"""Runs a command on a terminal of its own, and tells what it wrote there, as JSON.

    terminal.py COLUMNS ROWS [PICTURES [COLUMNS ROWS]] -- COMMAND...

With PICTURES it is interrupted (SIGINT) when it has drawn so many; with a second size, the terminal
takes that size when it has drawn the first, and PICTURES count from there.
"""

import fcntl
import json
import os
import signal
import struct
import sys
import termios
import time

END_OF_PICTURE = b"\x1b[J"


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    split = sys.argv.index("--")
    numbers, command = [int(it) for it in sys.argv[1:split]], sys.argv[split + 1 :]
    leader, follower = os.openpty()
    resize(leader, *numbers[:2])
    before = termios.tcgetattr(leader)
    child = os.fork()
    if child == 0:
        os.setsid()
        fcntl.ioctl(follower, termios.TIOCSCTTY, 0)
        for stream in range(3):
            os.dup2(follower, stream)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    written, resized_at = b"", 0
    pictures, size = numbers[2:3], numbers[3:5]
    # The other end stays open here, so that what was written last is not lost with it.
    os.set_blocking(leader, False)
    status = None
    while True:
        ended = status is not None
        try:
            written += os.read(leader, 65536)
        except BlockingIOError:
            if ended:
                break
            pid, code = os.waitpid(child, os.WNOHANG)
            status = code if pid else None
            if not pid:
                time.sleep(0.005)
        if size and END_OF_PICTURE in written:
            resize(leader, *size)
            size, resized_at = [], len(written)
        elif pictures and written[resized_at:].count(END_OF_PICTURE) >= pictures[0]:
            os.kill(child, signal.SIGINT)
            pictures = []
    print(
        json.dumps(
            {
                "code": os.waitstatus_to_exitcode(status),
                "written": written.decode("utf-8", "replace"),
                "resized_at": len(written[:resized_at].decode("utf-8", "replace")),
                "is_as_before": termios.tcgetattr(leader) == before,
            }
        )
    )


main()
