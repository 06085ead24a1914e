"""Keeps a Python process on this machine: a connection to anywhere else raises.

Python imports `sitecustomize` by itself from PYTHONPATH, so the SDK and its command line run unchanged under this guard.
"""

import socket

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _checked(function, host_of):
    def guarded(*args, **kwargs):
        host = host_of(*args, **kwargs)
        if host is not None and host not in _LOOPBACK:
            raise AssertionError(f"tried to reach {host}: nothing but the server under test may be contacted")
        return function(*args, **kwargs)

    return guarded


def _peer(_socket, address, *_):
    return address[0] if isinstance(address, tuple) else None


socket.socket.connect = _checked(socket.socket.connect, _peer)
socket.socket.connect_ex = _checked(socket.socket.connect_ex, _peer)
socket.getaddrinfo = _checked(socket.getaddrinfo, lambda host, *_, **__: host)
