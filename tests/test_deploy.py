"""What deploy/ says is what the bot understands, and what Docker, Kubernetes and systemd would run as it is meant."""

import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from kubernetes_validate.utils import validate

from hubpipe import __version__
from hubpipe.cli import commands
from hubpipe.server.database import open_database
from hubpipe.server.ledger import Ledger
from hubpipe.server.metrics import Waiting, exposition
from hubpipe.server.settings import DATABASE, FILE, PRIVATE_KEY, SECRET
from hubpipe.server.worker import Pace

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
UNIT = DEPLOY / "hubpipe.service"
IMAGE = f"ghcr.io/hubpipe/hubpipe-bot:{__version__}"
OLDEST, NEWEST = "1.32", "1.37"  # what kustomization.yaml promises, and what its schemas know
USER = 10001  # the Dockerfile's
EXPOSURE = 15  # systemd's own measure, in tenths: 13 when this was written
NAME = re.compile(r"\b(?:HUBPIPE|GITHUB|HF)_[A-Z_]+\b")
PLACEHOLDER = "REPLACE-ME"

FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts)
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
MANIFESTS = [
    (path.name, manifest)
    for path in sorted(KUBERNETES.glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text("utf-8"))
    if manifest.get("kind") not in (None, "Kustomization")
]
DEPLOYMENTS = [manifest for _, manifest in MANIFESTS if manifest["kind"] == "Deployment"]
PODS = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in DEPLOYMENTS}
BOTS = {name: service for name, service in COMPOSE["services"].items() if name != "database"}


def unit() -> dict[str, list[str]]:
    """The unit's settings, each with all its values."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.read(UNIT, "utf-8")  # whatever is no unit file raises here
    assert parser.sections() == ["Unit", "Service", "Install"]
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            found.setdefault(line.partition("=")[0], []).append(line.partition("=")[2])
    return found


def command_lines() -> Iterator[list[str]]:
    """Every command line of the bot that deploy/ has."""
    yield from (service["command"] for service in BOTS.values())
    yield from (pod["containers"][0]["args"] for pod in PODS.values())
    [line] = unit()["ExecStart"]
    yield line.split()[1:]


# What the code knows


def test_every_command_line_is_one_that_hubpipe_knows() -> None:
    lines = list(command_lines())
    assert {line[line.index("--role") + 1] for line in lines} == {"web", "worker", "all"}
    assert {line[0] for line in lines} == {"serve"}
    options = {name: option for option in commands.commands["serve"].params for name in option.opts}
    if "--credentials" not in options:
        pytest.skip("hubpipe serve has no --credentials yet")
    assert {word for line in lines for word in line if word.startswith("-")} <= set(options)
    role = options["--role"].type
    assert isinstance(role, click.Choice)
    assert set(role.choices) == {"web", "worker", "all"}


def test_every_variable_is_one_that_hubpipe_reads() -> None:
    named = {name for path in FILES for name in NAME.findall(path.read_text("utf-8"))}
    assert {"HUBPIPE_DATABASE_URL", "HUBPIPE_DATABASE_URL_FILE", "GITHUB_API_URL", "HF_HOME"} <= named
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    read = set(NAME.findall(source)) | {"HF_HOME"}  # that one is read by the Hub's own library
    read |= {name + FILE for name in (SECRET, DATABASE, PRIVATE_KEY)}
    assert named - read == set()


def test_every_grace_period_is_longer_than_the_bot_takes_to_finish() -> None:
    given = {int(unit()["TimeoutStopSec"][0])} | {int(bot["stop_grace_period"].rstrip("s")) for bot in BOTS.values()}
    given |= {pod["terminationGracePeriodSeconds"] for pod in PODS.values()}
    assert given == {60}
    assert Pace().drain + 20 <= min(given)  # what else takes its time: the last answers, the process's own end


# What runs


def test_every_image_names_the_version_that_it_is() -> None:
    images = {service["image"] for service in COMPOSE["services"].values()}
    images |= {container["image"] for pod in PODS.values() for container in pod["containers"]}
    assert {image for image in images if "hubpipe" in image} == {IMAGE}
    assert all(re.search(r":\d[\w.-]*$", image) for image in images), "an image without a version"
    [pinned] = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))["images"]
    assert f"{pinned['name']}:{pinned['newTag']}" == IMAGE


def test_the_release_builds_every_image_that_the_dockerfile_makes() -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert stages == ["hubpipe", "bot", "action"]  # GitHub's runner builds the last one
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))["jobs"]
    assert set(jobs["image"]["strategy"]["matrix"]["target"]) == {"bot", "action"}
    assert {one["target"] for one in jobs["index"]["strategy"]["matrix"]["include"]} == {"bot", "action"}
    assert set(jobs["index"]["outputs"]) == {"bot", "action"}
    suffixes = {one["target"]: one["suffix"] for one in jobs["index"]["strategy"]["matrix"]["include"]}
    assert suffixes == {"action": "", "bot": "-bot"}


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(DEPLOY)) for path in FILES])
def test_no_file_holds_a_secret(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "PRIVATE KEY" not in text
    assert re.findall(r"://[^\s/:@]+:(?!PASSWORD@)[^\s/@]+@", text) == []  # a password within an address
    for key, value in re.findall(r"^\s*(\S*(?:SECRET|PASSWORD|TOKEN|KEY)\S*?)\s*[:=]\s*(\S+)", text, re.MULTILINE):
        assert value.startswith(("/run/secrets/", "#")), key
    if "Secret" in [manifest["kind"] for name, manifest in MANIFESTS if name == path.name]:
        assert set(yaml.safe_load(text)["stringData"].values()) == {PLACEHOLDER}


def test_what_holds_secrets_is_ignored_by_git() -> None:
    for path in ("deploy/secrets/credentials.json", "deploy/secrets/database-url", "deploy/kubernetes/secret.yaml"):
        assert subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT).returncode == 0, path


# Compose


def test_the_compose_file_is_one_by_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(DEPLOY / "compose.yml")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_compose_starts_the_bot_once_its_database_answers_and_again_when_it_ends() -> None:
    assert set(BOTS) == {"web", "worker"}
    for service in COMPOSE["services"].values():
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
    for bot in BOTS.values():
        assert bot["depends_on"] == {"database": {"condition": "service_healthy"}}
        assert "/readyz" in " ".join(bot["healthcheck"]["test"])


def test_compose_shows_nothing_to_the_world_and_the_database_to_nobody() -> None:
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8080:8080"]}
    assert COMPOSE["services"]["database"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_compose_gives_the_bot_its_secrets_as_files_and_nothing_to_write_to_but_its_folder() -> None:
    for bot in BOTS.values():
        assert bot["secrets"] == ["credentials.json", "database-url"]
        assert bot["read_only"] is True
        assert bot["cap_drop"] == ["ALL"]
        assert bot["security_opt"] == ["no-new-privileges:true"]
    used = {secret for service in COMPOSE["services"].values() for secret in service["secrets"]}
    assert used == set(COMPOSE["secrets"])
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    volumes = {volume.partition(":")[0] for one in COMPOSE["services"].values() for volume in one.get("volumes", ())}
    assert volumes == set(COMPOSE["volumes"])


# Kubernetes


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize(
    ("name", "manifest"), MANIFESTS, ids=[f"{name}-{manifest['kind']}" for name, manifest in MANIFESTS]
)
def test_kubernetes_knows_every_key_of_every_manifest(name: str, manifest: dict[str, Any], version: str) -> None:
    assert validate(manifest, version, strict=True).startswith(version)
    assert "namespace" not in manifest["metadata"], f"{name} is bound to a namespace"


def test_the_kustomization_applies_what_is_no_example() -> None:
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text("utf-8"))
    there = {path.name for path in KUBERNETES.glob("*.yaml") if ".example" not in path.name}
    assert set(kustomization["resources"]) == there - {"kustomization.yaml", "secret.yaml"}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here to build the kustomization")
def test_kubectl_builds_the_kustomization() -> None:
    done = subprocess.run(["kubectl", "kustomize", str(KUBERNETES)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    kinds = sorted(one["kind"] for one in yaml.safe_load_all(done.stdout))
    assert kinds == sorted(one["kind"] for name, one in MANIFESTS if ".example" not in name)
    assert f"image: {IMAGE}\n" in done.stdout


@pytest.mark.parametrize("name", ["hubpipe-web", "hubpipe-worker"])
def test_a_pod_may_do_nothing_that_it_does_not_need(name: str) -> None:
    pod = PODS[name]
    [container] = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == USER
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_a_pod_is_killed_for_its_health_and_gets_work_by_its_readiness() -> None:
    for pod in PODS.values():
        [container] = pod["containers"]
        [port] = container["ports"]
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
        assert container["startupProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}
        assert container["args"][container["args"].index("--port") + 1] == str(port["containerPort"])


def test_selectors_and_references_of_the_manifests_find_each_other() -> None:
    by_kind = {(one["kind"], one["metadata"]["name"]): one for _, one in MANIFESTS}
    labels = {one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"] for one in DEPLOYMENTS}
    for name in ("hubpipe-web", "hubpipe-worker"):
        assert by_kind["Deployment", name]["spec"]["selector"]["matchLabels"] == labels[name]
        assert by_kind["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"] == labels[name]
        assert ("ServiceAccount", PODS[name]["serviceAccountName"]) in by_kind
        [source] = PODS[name]["containers"][0]["envFrom"]
        assert ("ConfigMap", source["configMapRef"]["name"]) in by_kind
        [secret] = [volume["secret"]["secretName"] for volume in PODS[name]["volumes"] if "secret" in volume]
        assert ("Secret", secret) in by_kind
    assert by_kind["Service", "hubpipe-web"]["spec"]["selector"] == labels["hubpipe-web"]
    [policy] = [one["spec"]["podSelector"]["matchLabels"] for one in (by_kind["NetworkPolicy", "hubpipe"],)]
    assert all(policy.items() <= given.items() for given in labels.values())
    scaled = by_kind["HorizontalPodAutoscaler", "hubpipe-worker"]["spec"]["scaleTargetRef"]
    assert (scaled["kind"], scaled["name"]) == ("Deployment", "hubpipe-worker")
    assert "replicas" not in by_kind["Deployment", "hubpipe-worker"]["spec"]  # else each apply undoes the autoscaler


def test_workers_are_scaled_by_a_metric_that_the_adapter_is_told_of_and_the_bot_tells(tmp_path: Path) -> None:
    [scaler] = [one for _, one in MANIFESTS if one["kind"] == "HorizontalPodAutoscaler"]
    [metric] = [one["external"]["metric"]["name"] for one in scaler["spec"]["metrics"]]
    adapter = yaml.safe_load((KUBERNETES / "prometheus-adapter.example.yaml").read_text("utf-8"))
    assert f'"{metric}"' in adapter["rules"]["external"][0]["seriesQuery"]
    ledger = Ledger(open_database(f"sqlite:///{tmp_path}/empty.sqlite"))
    told = exposition(Waiting(ledger))[0].decode()
    ledger.close()
    assert f"\n{metric} 0.0\n" in told


# systemd


def test_the_unit_has_a_user_of_its_own_and_its_secrets_from_systemd() -> None:
    found = unit()
    assert found["DynamicUser"] == ["yes"]
    assert found["StateDirectory"] == found["CacheDirectory"] == ["hubpipe"]
    [credential] = found["LoadCredential"]
    assert f"%d/{credential.partition(':')[0]}" in found["ExecStart"][0]
    assert found["KillSignal"] == ["SIGTERM"]
    assert found["RestartPreventExitStatus"] == ["2"]  # what it refuses to start with will not mend itself


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    there = tmp_path / UNIT.name
    there.write_text(UNIT.read_text("utf-8").replace("/opt/hubpipe/bin/hubpipe", "/bin/true"), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(there)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_the_unit_hardly_exposed() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-200:]
