#!/usr/bin/env python3
"""Finds free ports: free_port.py COUNT prints the first of COUNT consecutive free ports.

The ports are outside the ephemeral range. The system could give a port of that range to another
program before the test listens on it."""
import pathlib
import random
import socket
import sys

LOWEST = 10000


def is_free(port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def free_port(count=1):
    ephemeral = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    while True:
        first = random.randrange(LOWEST, int(ephemeral[0]) - count)
        if all(is_free(first + i) for i in range(count)):
            return first


if __name__ == "__main__":
    print(free_port(int(sys.argv[1])))
