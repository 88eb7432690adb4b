"""A service that is far away: what is in flight, and how fast submits go.

In front of the simulator stands a relay that delivers each piece after half a round trip. Connections speak TLS 1.2,
whose handshake takes two round trips: as many as TCP and TLS 1.3 take together, of which loopback shows only one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from itertools import accumulate
from multiprocessing.connection import Connection
from pathlib import Path

from beside import OLD, ROOT, checkout
from relays import relay, unchanged

from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator

RUNS, SLOTS, MEAN, ROUND_TRIP = 600, 256, 8.0, 0.15


def says_tls(piece: bytes) -> bytes:
    """A piece of a request that tells the simulator, in its head, that its client speaks TLS."""
    return piece.replace(b" HTTP/1.1\r\n", b" HTTP/1.1\r\nx-forwarded-proto: https\r\n", 1)


def serve(pipe: Connection, certificate: str, key: str) -> None:
    """The simulator, TLS in front of it, and the distance in front of that."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.options |= ssl.OP_NO_TICKET

    async def relays(port: int) -> None:
        handle = relay("127.0.0.1", port, 0.0, lambda: (says_tls, unchanged))
        near = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
        at = near.sockets[0].getsockname()[1]
        far = await asyncio.start_server(relay("127.0.0.1", at, ROUND_TRIP / 2), "127.0.0.1", 0)
        pipe.send(f"https://127.0.0.1:{far.sockets[0].getsockname()[1]}")
        await asyncio.to_thread(pipe.recv)
        pipe.send([(one.submitted_at, one.finished_at) for one in simulator.ledger.entries()])
        os._exit(0)  # what clients left open has tasks that nobody waits for

    with Simulator(time_scale=MEAN / MODEL.seconds, workers=1000, paint=False) as simulator:
        asyncio.run(relays(int(simulator.url.rsplit(":", 1)[1])))


def certificate(folder: Path) -> tuple[Path, Path] | None:
    """A certificate for this machine and its key, made by ``openssl``; None without it."""
    program, made, key = shutil.which("openssl"), folder / "certificate.pem", folder / "key.pem"
    if program is None:
        return None
    request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=far -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([program, *request.split(), "-keyout", key, "-out", made], check=True, capture_output=True)
    return made, key


def at_a_distance(root: Path, folder: Path, files: tuple[Path, Path], number: int) -> tuple[int, float, float]:
    """Jobs in flight at most, submits a second while they become more, and pictures a second.

    Parameters
    ----------
    root:
        The checkout whose package runs.
    folder:
        An empty folder.
    files:
        A certificate and its key.
    number:
        Runs.
    """
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    server = context.Process(target=serve, args=(far, *map(str, files)))
    server.start()
    url = pipe.recv()
    environment = {**os.environ, "PYTHONPATH": "", "SEGMIND_API_KEY": "", "SSL_CERT_FILE": str(files[0])}
    client = Path(__file__).with_name("clients.py")
    arguments = ["-P", client, "ours", root, url, 1000, number, SLOTS, folder]
    done = subprocess.run([sys.executable, *map(str, arguments)], env=environment, capture_output=True, text=True)
    pipe.send("end")
    jobs = sorted(pipe.recv())[4:]  # without those that the client makes first
    server.join()
    if done.returncode:
        raise RuntimeError(done.stderr)
    steps = sorted([(began, 1) for began, _ in jobs] + [(end, -1) for _, end in jobs])
    most = max(accumulate(step for _, step in steps))
    first = jobs[0][0]
    early = [began for began, _ in jobs if began < first + MEAN]
    pace = len(early) / (max(early) - first)
    return most, pace, len(jobs) / (max(end for _, end in jobs) - first)


def far(commit: str = OLD, number: int = RUNS) -> None:
    """Print what is in flight, for us and for an old commit.

    Parameters
    ----------
    commit:
        The old commit.
    number:
        Runs of each.
    """
    heading = f"A far service: {ROUND_TRIP * 1000:.0f} ms, jobs of {MEAN:g} s, {SLOTS} in flight asked, {number} runs"
    print(f"\n{heading}\n{'-' * len(heading)}")
    with tempfile.TemporaryDirectory() as name:
        files = certificate(Path(name))
        if files is None:
            print("There is no openssl, which makes the certificate of the far service")
            return
        old = checkout(commit, Path(name, "old"))
        print(f"{'':20} {'in flight at most':>18} {'submits/s':>10} {'pictures/s':>11}")
        for client, root in (("ours", ROOT), (f"at {commit}", old)):
            if root is not None:
                folder = Path(name, client.replace(" ", "-"))
                folder.mkdir()
                most, pace, pictures = at_a_distance(root, folder, files, number)
                print(f"{client:20} {most:18} {pace:10.1f} {pictures:11.1f}")
