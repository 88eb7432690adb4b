"""How tests wait for a server of another program."""

import sys
import urllib.request

import pytest

from tests.support.lab import served

SERVER = """
from http.server import HTTPServer, SimpleHTTPRequestHandler
server = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
print(f"listens at http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
"""


def test_a_server_is_used_when_it_has_said_where_it_listens(tmp_path):
    with served([sys.executable, "-c", SERVER], r"listens at (\S+)", cwd=tmp_path) as address:
        assert urllib.request.urlopen(address).status == 200


def test_a_server_that_ends_says_why():
    command = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    with pytest.raises(RuntimeError, match="the port is taken"), served(command, r"listens at (\S+)"):
        pass
