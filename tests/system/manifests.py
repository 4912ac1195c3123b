"""Checks the manifests for kubernetes.sh: manifests.py MANIFESTS PROGRAMS."""

import atexit
import copy
import http.client
import json
import pathlib
import platform
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
LIMIT = 40  # seconds to wait for a condition
FINAL = [1, 2, 3, 5]  # exit statuses of a coordinator that another start does not change


def expect(condition, what):
    if not condition:
        sys.exit("kubernetes: " + what)


def read_manifests():
    names = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())["resources"]
    others = {path.name for path in MANIFESTS.glob("*.yaml")} - {"kustomization.yaml"}
    expect(set(names) == others, f"kustomization.yaml names {names}, but the files are {others}")
    return [d for n in names for d in yaml.safe_load_all((MANIFESTS / n).read_text())]


def errors_in(document):
    try:
        schema = schema_of(document)
    except KeyError as kind:
        return [f"unknown kind {kind}"]
    found = jsonschema.Draft7Validator(schema).iter_errors(document)
    return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in found]


def changed(document, path, value):
    """A copy with one field set, or added."""
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
    # Each of these changes is wrong, so the schemas must reject it.
    template = ("spec", "template", "spec")
    for path, value in [
        (("apiVersion",), "batch/v2"),
        (("spec", "parallel"), 2),
        (("spec", "parallelism"), "two"),
        (("spec", "template"), None),
        (("spec", "podFailurePolicy", "rules", 0, "onExitCodes", "values"), ["1"]),
        (("spec", "podFailurePolicy", "rules", 1, "onPodConditions", 0, "state"), "True"),
        (template + ("containers", 0, "livenessProbe", "httpGet", "port"), None),
        (template + ("containers", 0, "securityContext", "readOnlyRootFileSystem"), True),
        (template + ("volumes", 0, "secret", "defaultMode"), "0440"),
    ]:
        expect(errors_in(changed(job, path, value)), f"the schema accepts {path} = {value}")


def check_restart_policy(jobs):
    """Finished runs end the Job of the coordinator; other failures and every worker are started again."""
    coordinator = jobs["coordinator"]["spec"]
    expect(coordinator["template"]["spec"]["restartPolicy"] == "Never", "podFailurePolicy needs Never")
    policy = {r["action"]: r for r in coordinator["podFailurePolicy"]["rules"]}
    expect(policy["FailJob"]["onExitCodes"]["values"] == FINAL, f"FailJob is not for {FINAL}")
    expect(policy["Ignore"]["onPodConditions"][0]["type"] == "DisruptionTarget", "evictions count")
    worker = jobs["worker"]
    expect(worker["kind"] == "Deployment", "a worker that exits with status 0 is not replaced")
    labels = worker["spec"]["template"]["metadata"]["labels"]
    expect(worker["spec"]["selector"]["matchLabels"] == labels, "the Deployment selects no pod")


def check_hardening(pod):
    container = pod["containers"][0]
    expect(pod["automountServiceAccountToken"] is False, "a cluster token is mounted")
    expect(pod["securityContext"]["runAsNonRoot"] is True, "the container may run as root")
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
    empty = [v["name"] for v in pod["volumes"] if "emptyDir" in v]
    writable = [m["mountPath"] for m in container["volumeMounts"] if m["name"] in empty]
    expect(writable == ["/tmp"], "/tmp cannot be written")
    for probe in "startupProbe", "livenessProbe", "readinessProbe":
        expect(container[probe]["httpGet"]["port"] == container["ports"][-1]["name"], probe)


def check_names(documents, jobs):
    """Checks that names which refer to other objects are consistent."""
    labels = {name: job["spec"]["template"]["metadata"]["labels"] for name, job in jobs.items()}
    service = next(d for d in documents if d["kind"] == "Service")
    expect(service["spec"]["selector"] == labels["coordinator"], "the Service selects no pod")
    policies = [d for d in documents if d["kind"] == "NetworkPolicy"]
    chosen = [p["spec"]["podSelector"]["matchLabels"] for p in policies]
    expect(all(label in chosen for label in labels.values()), "a pod without a network policy")
    text = (MANIFESTS.parent.parent / "docs/how-to/kubernetes.md").read_text()
    endpoint = f"tcp://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    expect(f"--endpoint {endpoint}\n" in text, f"the how-to page makes no keys for {endpoint}")
    for job in jobs.values():
        secret = job["spec"]["template"]["spec"]["volumes"][0]["secret"]["secretName"]
        expect(f"secret generic {secret} --from-file" in text, f"the how-to page makes no {secret}")
    claims = [d["metadata"]["name"] for d in documents if d["kind"] == "PersistentVolumeClaim"]
    volumes = jobs["coordinator"]["spec"]["template"]["spec"]["volumes"]
    used = [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]
    expect(used == claims, "the coordinator does not use the declared volume")


def status_of(port, path):
    """The HTTP status of the answer, or None without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT
    while not condition():
        expect(time.monotonic() < deadline, "did not come true: " + what)
        time.sleep(0.02)


def environment_of(container):
    """The variables of a container: each is one of its resource limits."""
    limits = {f"limits.{name}": limit for name, limit in container["resources"]["limits"].items()}
    fields = {v["name"]: v["valueFrom"]["resourceFieldRef"] for v in container.get("env", [])}
    return {name: str(limits[field["resource"]]) for name, field in fields.items()}


class Pod:
    """The program of a Job's container, with local paths and ports instead of those of the pod."""

    def __init__(self, job, directory, more=()):
        container = job["spec"]["template"]["spec"]["containers"][0]
        self.probes = [container[kind]["httpGet"]["path"] for kind in ("livenessProbe", "readinessProbe")]
        self.port = free_port()
        text = "\n".join(container["command"] + container["args"])
        for name, value in environment_of(container).items():
            text = text.replace(f"$({name})", value)
        text = text.replace("/etc/rollcall/keys", f"{directory}/keys")
        text = text.replace("/etc/rollcall/access", f"{directory}/keys")
        text = text.replace("/var/lib/rollcall", str(directory))
        text = re.sub(r"--http=\*:\d+", f"--http=127.0.0.1:{self.port}", text)
        words = text.split("\n") + list(more)
        self.process = subprocess.Popen(
            [PROGRAMS / words[0]] + words[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        atexit.register(self.process.kill)  # leaves no process behind after a failure

    def answers(self):
        return [status_of(self.port, path) for path in self.probes]

    def end(self, status=0):
        """Waits for the exit of the program. Returns its standard output."""
        out, self.errors = self.process.communicate(timeout=LIMIT)
        expect(self.process.returncode == status, f"exit {self.process.returncode}: {self.errors.decode()}")
        return out


def check_health_of_image(healthy_pid):
    """Runs the health check of the image on a healthy process and on two others."""

    def verdict(pid):
        command = [MANIFESTS.parent / "healthcheck", str(pid)]
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode

    expect(verdict(healthy_pid) == 0, "healthcheck: a healthy worker counts as unhealthy")
    silent = [sys.executable, "-c", "input()", "--http", f"127.0.0.1:{free_port()}"]
    with subprocess.Popen(silent, stdin=subprocess.PIPE) as process:
        wait_for(lambda: verdict(process.pid) != 0, "healthcheck: a silent process is unhealthy")
        process.communicate(b"\n")
    expect(verdict("self") == 0, "healthcheck: a process without --http counts as unhealthy")


def check_restarts(jobs, directory, coordinator, more):
    """Kills the coordinator, then terminates it, and starts it again each time."""

    def has_committed_outcome():
        command = [PROGRAMS / "rollcall", "report", directory / "run.journal", "--output", "json"]
        report = subprocess.run(command, capture_output=True, check=False)
        return report.returncode == 0 and json.loads(report.stdout)["outcomes"]["succeeded"] > 0

    for end, status in ("kill", -signal.SIGKILL), ("terminate", 128 + signal.SIGTERM):
        wait_for(has_committed_outcome, "an outcome is in the journal")
        getattr(coordinator.process, end)()
        coordinator.end(status)
        coordinator = Pod(jobs["coordinator"], directory, more)
        wait_for(lambda: coordinator.answers() == [200, 200], "the coordinator answers again")
    document = json.loads(coordinator.end())
    expect(document["validated"], "the resumed run is not valid")
    expect(document["attempts"]["retried"] == 0, "a held attempt was run again")
    return Pod(jobs["coordinator"], directory, more)


def replace_a_worker(job, directory, workers):
    """Drains a worker, which exits with status 0. The Deployment starts another one."""
    leaving = workers.pop()
    name = f"{platform.node()}-{leaving.process.pid}"
    command = [PROGRAMS / "rollcall", "drain", name, "--control", directory / "control"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    leaving.end()
    workers.append(Pod(job, directory))
    wait_for(lambda: workers[-1].answers() == [200, 200], "the next worker has joined")


def check_limited_slots(directory, job):
    """Each worker runs as many tasks at once as its CPU limit allows."""
    limit = job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"]
    command = [PROGRAMS / "rollcall", "status", "--control", directory / "control", "--output", "json"]
    status = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    slots = [worker["slots"] for worker in status["workers"]]
    expect(set(slots) == {int(limit)}, f"the workers have {slots} slots, but a CPU limit of {limit}")


def check_run(jobs):
    """Runs the programs of the pods on this machine."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        endpoint = f"tcp://127.0.0.1:{free_port()}"
        command = [PROGRAMS / "rollcall", "keys", directory / "keys", "--endpoint", endpoint]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for key in (directory / "keys").iterdir():
            key.chmod(jobs["worker"]["spec"]["template"]["spec"]["volumes"][0]["secret"]["defaultMode"])
        first = Pod(jobs["worker"], directory)
        wait_for(lambda: first.answers() == [200, 503], "a worker without a run is not ready")
        more = [f"--control={directory}/control", "--pause-min=0.5s", "--pause-max=3s"]
        coordinator = Pod(jobs["coordinator"], directory, more)
        wait_for(lambda: coordinator.answers() == [200, 200], "the coordinator is ready")
        workers = [first] + [
            Pod(jobs["worker"], directory) for _ in range(jobs["worker"]["spec"]["replicas"] - 1)
        ]
        wait_for(lambda: all(w.answers() == [200, 200] for w in workers), "all workers have joined")
        check_health_of_image(first.process.pid)
        check_limited_slots(directory, jobs["worker"])
        replace_a_worker(jobs["worker"], directory, workers)
        once_more = check_restarts(jobs, directory, coordinator, more)
        once_more.end()
        expect(b"is finished" in once_more.errors, "a finished run starts again")
        for worker in workers:
            worker.end()
        expect((directory / "results.csv").stat().st_size > 0, "no results")
        expect((directory / "keys" / "run.access").exists(), "the keys were removed")


def main():
    documents = read_manifests()
    jobs = {
        d["metadata"]["labels"]["app.kubernetes.io/component"]: d
        for d in documents
        if d["kind"] in ("Job", "Deployment")
    }
    check_schemas(documents, jobs["coordinator"])
    check_restart_policy(jobs)
    for job in jobs.values():
        check_hardening(job["spec"]["template"]["spec"])
    check_names(documents, jobs)
    check_run(jobs)
    print(f"kubernetes: checked {len(documents)} documents and ran their programs")


main()
