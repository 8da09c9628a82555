"""End with one line if nothing can listen there: `port.py HOST PORT`."""

import socket
import sys


def main(host: str, port: str) -> None:
    """Try to listen on `host`:`port`."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, int(port)))
        except (OSError, OverflowError, ValueError) as error:
            sys.exit(f"port {port} of {host} cannot be used ({error}): choose another, e.g. make app PORT=8600")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
