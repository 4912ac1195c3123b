"""manifests.py MANIFESTS PROGRAMS: see kubernetes.sh."""

import atexit
import copy
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import jsonschema
import yaml

from free_port import free_port
from kubernetes_schema import schema_of

MANIFESTS, PROGRAMS = (pathlib.Path(argument) for argument in sys.argv[1:])
LIMIT = 40  # seconds for a fact to come true


def expect(fact, what):
    if not fact:
        sys.exit("kubernetes: " + what)


def read_manifests():
    names = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())["resources"]
    others = {path.name for path in MANIFESTS.glob("*.yaml")} - {"kustomization.yaml"}
    expect(set(names) == others, f"kustomization.yaml names {names}, and there are {others}")
    return [d for n in names for d in yaml.safe_load_all((MANIFESTS / n).read_text())]


def errors_in(document):
    try:
        schema = schema_of(document)
    except KeyError as kind:
        return [f"unknown kind {kind}"]
    found = jsonschema.Draft7Validator(schema).iter_errors(document)
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in found]


def changed(document, path, value):
    """A copy with one field set, which need not be there."""
    other = copy.deepcopy(document)
    place = other
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return other


def check_schemas(documents, job):
    for document in documents:
        for error in errors_in(document):
            sys.exit(f"kubernetes: {document.get('kind')}: {error}")
    # That the schemas see anything: each of these is wrong.
    template = ("spec", "template", "spec")
    for path, value in [
        (("apiVersion",), "batch/v2"),
        (("spec", "parallel"), 2),
        (("spec", "parallelism"), "two"),
        (("spec", "template"), None),
        (template + ("containers", 0, "livenessProbe", "httpGet", "port"), None),
        (template + ("containers", 0, "securityContext", "readOnlyRootFileSystem"), True),
        (template + ("volumes", 0, "secret", "defaultMode"), "0440"),
    ]:
        expect(errors_in(changed(job, path, value)), f"the schema lets {path} = {value} pass")


def check_hardening(pod):
    container = pod["containers"][0]
    expect(pod["restartPolicy"] == "OnFailure", "restartPolicy")
    expect(pod["automountServiceAccountToken"] is False, "a token of the cluster is mounted")
    expect(pod["securityContext"]["runAsNonRoot"] is True, "it may run as root")
    expect(pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "seccomp")
    expect(
        container["securityContext"]
        == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "securityContext of the container",
    )
    expect(set(container["resources"]["requests"]) == {"cpu", "memory"}, "resource requests")


def check_names(documents, jobs):
    """What refers to something by a name finds it."""
    labels = {name: job["spec"]["template"]["metadata"]["labels"] for name, job in jobs.items()}
    service = next(d for d in documents if d["kind"] == "Service")
    expect(service["spec"]["selector"] == labels["coordinator"], "the Service finds no pod")
    policies = [d for d in documents if d["kind"] == "NetworkPolicy"]
    chosen = [p["spec"]["podSelector"]["matchLabels"] for p in policies]
    expect(all(label in chosen for label in labels.values()), "a pod without a network policy")
    text = (MANIFESTS.parent.parent / "docs/how-to/kubernetes.md").read_text()
    endpoint = f"tcp://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    expect(f"--endpoint {endpoint}\n" in text, f"the how-to makes no keys for {endpoint}")
    for job in jobs.values():
        secret = job["spec"]["template"]["spec"]["volumes"][0]["secret"]["secretName"]
        expect(f"secret generic {secret} --from-file" in text, f"the how-to makes no {secret}")
    claims = [d["metadata"]["name"] for d in documents if d["kind"] == "PersistentVolumeClaim"]
    volumes = jobs["coordinator"]["spec"]["template"]["spec"]["volumes"]
    asked = [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]
    expect(asked == claims, "the coordinator's volume is not the one that is there")


def status_of(port, path):
    """Of the answer; None: there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def wait_for(fact, what):
    deadline = time.monotonic() + LIMIT
    while not fact():
        expect(time.monotonic() < deadline, "never came true: " + what)
        time.sleep(0.02)


class Pod:
    """The program of a Job's container, with other places and ports than in its pod."""

    def __init__(self, job, folder, more=()):
        container = job["spec"]["template"]["spec"]["containers"][0]
        self.probes = [container[kind]["httpGet"]["path"] for kind in ("livenessProbe", "readinessProbe")]
        self.port = free_port()
        text = "\n".join(container["command"] + container["args"])
        text = text.replace("/etc/rollcall/keys", f"{folder}/keys")
        text = text.replace("/etc/rollcall/access", f"{folder}/keys")
        text = text.replace("/var/lib/rollcall", str(folder))
        text = re.sub(r"--http=\*:\d+", f"--http=127.0.0.1:{self.port}", text)
        words = text.split("\n") + list(more)
        self.process = subprocess.Popen(
            [PROGRAMS / words[0]] + words[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        atexit.register(self.process.kill)  # whatever goes wrong, nothing is left

    def answers(self):
        return [status_of(self.port, path) for path in self.probes]

    def end(self, status=0):
        """Its standard output."""
        out, self.said = self.process.communicate(timeout=LIMIT)
        expect(self.process.returncode == status, f"exit {self.process.returncode}: {self.said.decode()}")
        return out


def check_health_of_image(well):
    """The image's own health check, of a process that is well and of two others."""

    def verdict(pid):
        command = [MANIFESTS.parent / "healthcheck", str(pid)]
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode

    expect(verdict(well) == 0, "healthcheck: of a worker that is well")
    silent = [sys.executable, "-c", "input()", "--http", f"127.0.0.1:{free_port()}"]
    with subprocess.Popen(silent, stdin=subprocess.PIPE) as process:
        wait_for(lambda: verdict(process.pid) != 0, "healthcheck: of one that does not answer")
        process.communicate(b"\n")
    expect(verdict("self") == 0, "healthcheck: of one without --http")


def check_restarts(jobs, folder, coordinator, more):
    """The coordinator is killed, then told to go, and is started again each time."""

    def done_is_kept():
        command = [PROGRAMS / "rollcall", "report", folder / "run.journal", "--output", "json"]
        report = subprocess.run(command, capture_output=True, check=False)
        return report.returncode == 0 and json.loads(report.stdout)["outcomes"]["succeeded"] > 0

    for end, status in ("kill", -signal.SIGKILL), ("terminate", 128 + signal.SIGTERM):
        wait_for(done_is_kept, "an outcome is in the journal")
        getattr(coordinator.process, end)()
        coordinator.end(status)
        coordinator = Pod(jobs["coordinator"], folder, more)
        wait_for(lambda: coordinator.answers() == [200, 200], "it is there again")
    document = json.loads(coordinator.end())
    expect(document["validated"], "the run that went on is not valid")
    expect(document["attempts"]["retried"] == 0, "what workers held was run again")
    return Pod(jobs["coordinator"], folder, more)


def check_run(jobs):
    """What the pods would do, here."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        endpoint = f"tcp://127.0.0.1:{free_port()}"
        made = [PROGRAMS / "rollcall", "keys", folder / "keys", "--endpoint", endpoint]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        early = Pod(jobs["worker"], folder)
        wait_for(lambda: early.answers() == [200, 503], "a worker without a run is not ready")
        pauses = ["--pause-min=0.5s", "--pause-max=12s"]
        coordinator = Pod(jobs["coordinator"], folder, pauses)
        wait_for(lambda: coordinator.answers() == [200, 200], "the coordinator may be joined")
        workers = [early] + [
            Pod(jobs["worker"], folder) for _ in range(jobs["worker"]["spec"]["parallelism"] - 1)
        ]
        wait_for(lambda: all(w.answers() == [200, 200] for w in workers), "all have joined")
        check_health_of_image(early.process.pid)
        once_more = check_restarts(jobs, folder, coordinator, pauses)
        once_more.end()
        expect(b"is finished" in once_more.said, "a run that is finished begins again")
        for worker in workers:
            worker.end()
        expect((folder / "results.csv").stat().st_size > 0, "no results")
        expect((folder / "keys" / "run.access").exists(), "the keys are gone")


def main():
    documents = read_manifests()
    jobs = {
        d["metadata"]["labels"]["app.kubernetes.io/component"]: d
        for d in documents
        if d["kind"] == "Job"
    }
    check_schemas(documents, jobs["coordinator"])
    for job in jobs.values():
        check_hardening(job["spec"]["template"]["spec"])
    check_names(documents, jobs)
    check_run(jobs)
    print(f"kubernetes: {len(documents)} documents, and the run of theirs")


main()
