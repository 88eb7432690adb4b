"""A TCP relay between a client and a server: it counts round trips, and cuts connections where it is told to."""

import contextlib
import socket
import threading


class Relay:
    """Forwards to a port of this machine.

    Attributes
    ----------
    turns:
        How often the client began to send after the server had: round trips, of all connections.
    cut_after:
        When the client has sent bytes that contain this, what the server answers is not passed on, and the connection
        is cut once the server has answered; None for never.
    stays_cut:
        Whether no connection is accepted after such a cut, until `mend`.
    is_cut:
        Whether nothing passes, as in a network that is down: connections end, and new ones are refused.
    flows:
        Unset while the server hangs: connections stay, new ones are accepted, and what was sent waits.
    """

    def __init__(self, port):
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.turns = 0
        self.cuts = 0
        self.cut_after = None
        self.is_cut = False
        self.stays_cut = False
        self.flows = threading.Event()
        self.flows.set()
        self._pairs = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def address(self, address, port):
        return address.replace(f":{port}/", f":{self.port}/")

    def cut(self):
        """Cut the network."""
        self.is_cut = True
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _close(*pair)

    def mend(self):
        self.is_cut = self.stays_cut = False

    def close(self):
        self.flows.set()
        self._server.close()
        self.cut()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                if self.is_cut:
                    client.close()
                    continue
                try:
                    server = socket.create_connection(("127.0.0.1", self._port))
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._pairs.append((client, server))
                link = _Link(self, client, server)
                threading.Thread(target=link.forward, daemon=True).start()
                threading.Thread(target=link.back, daemon=True).start()


class _Link:
    def __init__(self, relay, client, server):
        self.relay, self.client, self.server = relay, client, server
        self.client_spoke = False
        self.is_doomed = False

    def forward(self):
        with contextlib.suppress(OSError):
            while data := self.client.recv(1 << 16):
                if not self.client_spoke:
                    self.client_spoke = True
                    self.relay.turns += 1
                if self.relay.cut_after is not None and self.relay.cut_after in data:
                    self.relay.cut_after = None
                    self.is_doomed = True
                    self.relay.is_cut = self.relay.stays_cut
                self.relay.flows.wait()
                self.server.sendall(data)
        _close(self.client, self.server)

    def back(self):
        with contextlib.suppress(OSError):
            while data := self.server.recv(1 << 16):
                self.client_spoke = False
                if self.is_doomed:
                    self.relay.cuts += 1
                    break
                self.client.sendall(data)
        _close(self.client, self.server)


def _close(*sockets):
    for one in sockets:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
