"""The web server's settings."""

import socket

import pytest

from sightglass.operations import gunicorn_conf


def test_a_connection_that_stalls_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gunicorn_conf.limit_stalls(listener, 1)
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(b"POST /v1/traces HTTP/1.1\r\n")
            accepted, _ = listener.accept()
            with accepted:
                accepted.setblocking(True)
                assert accepted.recv(100)
                with pytest.raises(BlockingIOError):
                    accepted.recv(100)
