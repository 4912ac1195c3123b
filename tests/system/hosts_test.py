"""Tests runs over several hosts, each in its own network namespace: hosts_test.py PROGRAMS_DIRECTORY.

Prints why and exits with 77 if this machine cannot run it.
"""
import json
import os
import subprocess
import sys
import time
import unittest

from hosts_network import NotPossible, Network
from processes import ProcessTest

PROGRAMS = os.path.abspath(sys.argv.pop(1))
PATIENCE = 60  # seconds to wait for a condition
# A gateway: forwards a local PORT to HOST PORT.
GATEWAY = """
import asyncio, sys
async def pump(reader, writer):
    while chunk := await reader.read(65536):
        writer.write(chunk)
    writer.close()
async def serve(reader, writer):
    there, back = await asyncio.open_connection(sys.argv[2], int(sys.argv[3]))
    await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("a condition did not come true")
        time.sleep(0.05)


class Hosts(ProcessTest):
    """The coordinator runs on host 1, the workers on hosts 2 and 3."""

    def setUp(self):
        super().setUp()
        network.delay, network.loss, network.disconnected = 0.0, 0.0, set()

    def start(self, host, *command):
        return self.launch(network.command_on(host, command))

    def coordinate(self, *arguments, name="run", bind="tcp://*:7700", advertise="10.77.0.1"):
        path = os.path.join(self.directory, name)
        return self.start(1, os.path.join(PROGRAMS, "rollcall"), "sleep", "--workers", "0",
                          "--access-file", path + ".access", "--control", path + ".control",
                          "--bind", bind, "--advertise", advertise, "--output", "json", "--quiet",
                          "--heartbeat-interval", "200ms", *arguments)

    def join(self, host, name="run", *arguments):
        path = os.path.join(self.directory, name)
        return self.start(host, os.path.join(PROGRAMS, "rollcall-worker"), "--access-file",
                          path + ".access", "--name", f"on-host-{host}", *arguments)

    def workers(self, name="run"):
        """The connected workers that have been assigned tasks, by name."""
        control = os.path.join(self.directory, name + ".control")
        if not os.path.exists(control):
            return {}
        status = subprocess.run([os.path.join(PROGRAMS, "rollcall"), "status", "--output", "json",
                                 "--control", control], capture_output=True, text=True, check=False)
        workers = json.loads(status.stdout)["workers"] if status.returncode == 0 else []
        return {w["name"]: w for w in workers if w["running"] + w["done"] > 0}

    def finish(self, run, *workers):
        document = json.loads(self.output_of(run, PATIENCE))
        for worker in workers:
            self.output_of(worker, PATIENCE)
        self.assertTrue(document["validated"])
        return document

    def test_ipv4_address(self):
        run = self.coordinate("-n", "200", "--pause-max", "2s", "--wait-for-workers", "2")
        document = self.finish(run, self.join(2), self.join(3))
        self.assertEqual({w["name"] for w in document["workers"]}, {"on-host-2", "on-host-3"})

    def test_ipv6_address(self):
        if not network.has_ipv6:
            self.skipTest("this machine has no IPv6")
        run = self.coordinate("-n", "20", "--pause", "500ms", "--wait-for-workers", "2",
                              bind="tcp://[fd77::1]:7700", advertise="[fd77::1]")
        self.finish(run, self.join(2), self.join(3))

    def test_several_interfaces(self):
        """The coordinator listens on all interfaces, or on the one that --bind names."""
        all_interfaces = self.coordinate("-n", "20", "--pause", "500ms", "--wait-for-workers", "2",
                                         name="a")
        self.finish(all_interfaces, self.join(2, "a"),
                    self.join(3, "a", "--connect", "tcp://10.78.0.1:7700"))
        one_interface = self.coordinate("-n", "20", "--pause", "500ms", name="b",
                                        bind="tcp://10.78.0.1:7700", advertise="10.78.0.1")
        outside = self.join(2, "b", "--connect", "tcp://10.77.0.1:7700", "--connect-timeout", "3s")
        self.assertEqual(outside.wait(PATIENCE), 4)
        self.finish(one_interface, self.join(3, "b"))

    def test_host_name(self):
        run = self.coordinate("-n", "20", "--pause", "500ms", "--wait-for-workers", "2",
                              advertise="host1")
        self.finish(run, self.join(2), self.join(3))

    def test_behind_a_gateway(self):
        gateway = self.start(3, sys.executable, "-c", GATEWAY, "7780", "10.77.0.1", "7700")
        run = self.coordinate("-n", "20", "--pause", "500ms", advertise="10.77.0.3:7780")
        self.finish(run, self.join(2))
        gateway.kill()

    def test_port_range(self):
        """Two concurrent runs use up a range of two ports. A third reports that no port is free."""
        ports = "tcp://*:7700-7701"
        runs = [self.coordinate("-n", "4", "--pause", "2s", name=name, bind=ports)
                for name in ("a", "b")]
        eventually(lambda: all(os.path.exists(os.path.join(self.directory, name + ".access"))
                               for name in ("a", "b")))
        third = self.coordinate("-n", "4", name="c", bind=ports)
        _, errors = third.communicate(timeout=PATIENCE)
        self.assertEqual(third.returncode, 2)
        self.assertIn("tcp://*:7700-7701: all these ports are in use", errors)
        workers = [self.join(2, "a"), self.join(3, "b")]
        for run, worker in zip(runs, workers):
            self.finish(run, worker)

    def test_late_join(self):
        run = self.coordinate("-n", "60", "--pause", "500ms")
        first = self.join(2, "run", "--slots", "4")
        eventually(lambda: "on-host-2" in self.workers())
        document = self.finish(run, first, self.join(3, "run", "--slots", "20"))
        self.assertGreater(document["workers"][1]["tasks_done"], 4)

    def test_disconnected_within_the_liveness_time(self):
        run = self.coordinate("-n", "40", "--pause", "6s", "--liveness", "20s",
                              "--wait-for-workers", "2")
        workers = self.join(2), self.join(3)
        eventually(lambda: len(self.workers()) == 2)
        network.disconnected = {2}
        time.sleep(4)  # the condition under test: four seconds without a frame
        network.disconnected = set()
        document = self.finish(run, *workers)
        self.assertEqual(len(document["workers"]), 2)
        self.assertFalse(any(w["lost"] for w in document["workers"]))
        self.assertEqual(document["attempts"]["retried"], 0)

    def test_disconnected_beyond_the_liveness_time(self):
        run = self.coordinate("-n", "40", "--pause", "500ms", "--liveness", "4s",
                              "--wait-for-workers", "2")
        lost, other = (self.join(host, "run", "--slots", "1") for host in (2, 3))
        eventually(lambda: len(self.workers()) == 2)
        network.disconnected = {2}
        eventually(lambda: set(self.workers()) == {"on-host-3"})
        network.disconnected = set()
        document = self.finish(run, other, lost)
        sessions = [w for w in document["workers"] if w["name"] == "on-host-2"]
        self.assertEqual(sorted(w["lost"] for w in sessions), [False, True])
        self.assertGreater(sum(w["tasks_done"] for w in sessions if not w["lost"]), 0)

    def test_delay_and_loss(self):
        network.delay, network.loss = 0.050, 0.01
        run = self.coordinate("-n", "1000", "--pause-min", "0.1s", "--pause-max", "5s",
                              "--wait-for-workers", "2")
        document = self.finish(run, self.join(2), self.join(3))
        self.assertFalse(any(w["lost"] for w in document["workers"]))
        print(f"50 ms one-way delay, 1 % loss: {document['measured_seconds']:.2f} s, lower bound "
              f"{document['lower_bound_seconds']:.2f} s, clock bound "
              f"{max(w['clock_bound_seconds'] for w in document['workers']) * 1000:.0f} ms")


if __name__ == "__main__":
    try:
        network = Network(3)
    except (NotPossible, OSError) as error:
        print("skipped: cannot create the network:", error)
        sys.exit(77)
    try:
        result = unittest.main(verbosity=2, exit=False).result
    finally:
        network.remove()
    sys.exit(not result.wasSuccessful())
