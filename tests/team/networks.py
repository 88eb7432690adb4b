"""Machines of their own, as far as Linux can make them here: network namespaces, joined to this one by a cable each.

A machine has addresses, a loopback and process numbers of its own. What listens on this machine's loopback is reached
by a forwarder on the machine's loopback, at the same port.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading

_NUMBERS = iter(range(1, 60))

FORWARDER = """
import asyncio, sys
listen, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
async def copy(source, target):
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()
async def handle(reader, writer):
    try:
        there, back = await asyncio.open_connection(host, port)
    except OSError:
        writer.transport.abort()
        return
    await asyncio.gather(copy(reader, back), copy(there, writer))
async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", listen)
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def call(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")


def missing():
    """Why no machine can be made here; empty if one can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "network namespaces are made by root, on Linux"
    if absent := [name for name in ("ip", "unshare") if shutil.which(name) is None]:
        return f"there is no program {absent[0]}"
    try:
        with machine():
            return ""
    except OSError as error:
        return f"network namespaces cannot be made here: {error}"


class Machine:
    """A network namespace with a cable to this machine.

    Attributes
    ----------
    name:
        Its name.
    host:
        The address of this machine at the other end of the cable.
    """

    def __init__(self, name, number):
        self.name, self.host = name, f"10.231.{number}.1"
        self._cable, self._network = f"{name}a", number
        self._forwarders = contextlib.ExitStack()

    def make(self):
        call("ip", "netns", "add", self.name)
        call("ip", "link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        call("ip", "address", "add", f"{self.host}/30", "dev", self._cable)
        call("ip", "link", "set", self._cable, "up")
        own = f"10.231.{self._network}.2/30"
        call("ip", "-n", self.name, "address", "add", own, "dev", "eth0")
        for device in ("lo", "eth0"):
            call("ip", "-n", self.name, "link", "set", device, "up")

    def unmake(self):
        self._forwarders.close()
        for words in (("ip", "link", "delete", self._cable), ("ip", "netns", "delete", self.name)):
            with contextlib.suppress(OSError):
                call(*words)

    def cut_off(self):
        """Pull the cable out at this machine's end: what is under way is lost, and nobody is told."""
        call("ip", "link", "set", self._cable, "down")

    def join(self):
        """Put the cable in again."""
        call("ip", "link", "set", self._cable, "up")

    def command(self, *words):
        """A command as it is run there, by a process that sees no process of another machine."""
        inside = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *map(str, words)]
        return ["ip", "netns", "exec", self.name, *inside]

    def forward(self, port):
        """Let a port of its loopback lead to the same port of this machine's loopback."""
        relay = self._forwarders.enter_context(passed_on(self.host, port))
        forwarder = subprocess.Popen(
            self.command(sys.executable, "-c", FORWARDER, port, self.host, relay), stdout=subprocess.PIPE, text=True
        )
        self._forwarders.callback(forwarder.stdout.close)
        self._forwarders.callback(forwarder.wait)
        self._forwarders.callback(forwarder.kill)
        assert forwarder.stdout.readline() == "ready\n"


@contextlib.contextmanager
def passed_on(host, port):
    """A port at an address of this machine, from which connections go to a port of its loopback."""
    open_sockets = set()

    def copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection(("127.0.0.1", port))
                open_sockets.update((near, far))
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=copy, args=ends, daemon=True).start()

    with socket.create_server((host, 0)) as server:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for one in open_sockets:
        one.close()


@contextlib.contextmanager
def machine():
    """A machine, until the end of the block."""
    number = os.getpid() % 200 + next(_NUMBERS)
    made = Machine(f"sfx{os.getpid()}n{number}"[:14], number)
    try:
        made.make()
        yield made
    finally:
        made.unmake()
