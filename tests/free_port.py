"""A port of 127.0.0.1 that is free, for a program that can't choose one itself. Run as a program, it prints one."""

import random
import socket

# Below the ports that systems give to outgoing connections, one of which could take the port before the program listens on it.
PORTS = range(10_000, 30_000)


def free_port():
    while True:
        port = random.choice(PORTS)
        with socket.socket() as listener:
            # A connection that has just been closed doesn't occupy a port for a server, nor does it here.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


if __name__ == "__main__":
    print(free_port())
