"""The files of deploy/ as what reads them reads them, and what they promise: one writer, no retried gap, loopback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import dagster as dg
import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROGRAMS = Path(sys.executable).parent
SCHEMA = json.loads((Path(__file__).parent / "chart_values.schema.json").read_text(encoding="utf-8"))
EXTRAS = ("docker", "kubernetes", "postgres")


def read(place: str) -> Any:
    """A YAML file of deploy/."""
    return yaml.safe_load((DEPLOY / place).read_text(encoding="utf-8"))


def checked(*command: str) -> str:
    """What a program finds wrong."""
    done = subprocess.run([str(PROGRAMS / command[0]), *command[1:]], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_dockerfile_passes_its_linter() -> None:
    assert checked("hadolint", str(DEPLOY / "Dockerfile")) == ""


def test_the_compose_file_is_one() -> None:
    compose = str(DEPLOY / "compose" / "compose.yaml")
    assert checked("check-jsonschema", "--builtin-schema", "vendor.compose-spec", compose) == ""


def test_the_values_are_the_chart_s() -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(read("kubernetes/values.yaml"))


@pytest.mark.parametrize("place", [("dagsterDaemon", "imgae"), ("runLauncher", "kind"), ("retentions", "enabled")])
def test_a_misspelt_value_is_noticed(place: tuple[str, str]) -> None:
    values = read("kubernetes/values.yaml")
    values.setdefault(place[0], {})[place[1]] = {}
    with pytest.raises(jsonschema.ValidationError, match="Additional properties"):
        jsonschema.Draft202012Validator(SCHEMA).validate(values)


def of_chart() -> dict[str, Any]:
    """The parts of dagster.yaml that the chart writes of our values, and that do not name a cluster."""
    values = read("kubernetes/values.yaml")
    daemon, logs, retention = values["dagsterDaemon"], values["pythonLogs"], values["retention"]
    return {
        "run_coordinator": daemon["runCoordinator"]["config"]["customRunCoordinator"],
        "python_logs": {
            "python_log_level": logs["pythonLogLevel"],
            "managed_python_loggers": logs["managedPythonLoggers"],
        },
        "retention": {kind: {"purge_after_days": retention[kind]["purgeAfterDays"]} for kind in ("schedule", "sensor")},
        "run_monitoring": {"enabled": daemon["runMonitoring"]["enabled"]},
        **values["additionalInstanceConfig"],
    }


@pytest.mark.parametrize("case", ["systemd", "compose", "kubernetes"])
def test_what_every_instance_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql://nobody@127.0.0.1:9/none")
    config = of_chart() if case == "kubernetes" else read(f"{case}/dagster.yaml")
    config = {name: part for name, part in config.items() if not name.endswith("_storage")}  # there is no server
    config.get("compute_logs", {}).get("config", {})["base_dir"] = str(tmp_path)
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        pools = instance.get_concurrency_config().pool_config
        assert pools.default_pool_limit == 1, "one run at a time writes"
        assert instance.run_retries_max_retries == 2
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure, "a gap is not retried"
        assert instance.run_monitoring_enabled
        assert instance.python_log_level == "INFO"
        assert instance.get_settings("retention")["sensor"]["purge_after_days"]["skipped"] == 7


def test_nothing_but_the_proxy_is_reached_from_outside_and_that_from_loopback_alone() -> None:
    services = read("compose/compose.yaml")["services"]
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"proxy": ["127.0.0.1:8080:8080"]}
    started = [unit.read_text(encoding="utf-8") for unit in (DEPLOY / "systemd").glob("*.service")]
    hosts = [found for text in started for found in re.findall(r"^ExecStart=.* -h (\S+)", text, re.MULTILINE)]
    assert hosts == ["127.0.0.1"] * 2


def test_a_unit_and_a_container_start_the_same() -> None:
    services = read("compose/compose.yaml")["services"]
    for name in ("code", "webserver", "daemon"):
        unit = (DEPLOY / "systemd" / f"nba-{name}.service").read_text(encoding="utf-8")
        (command,) = re.findall(r"^ExecStart=/opt/nba/bin/(.*)$", unit, re.MULTILINE)
        there = command.replace("127.0.0.1", "0.0.0.0").replace("/etc/nba/workspace.yaml", "workspace.yaml")
        assert services[name]["command"] == there.split()


def test_the_image_is_made_of_what_it_is_given() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE) for name in line.split()
    }
    given = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == given
    assert [name for name in copied if not (ROOT / name).exists()] == []


def pinned() -> dict[str, str]:
    """The versions that the image has."""
    text = (DEPLOY / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if "--hash=sha256:" not in line] == []
    return dict(re.match(r"(\S+)==(\S+)", line).groups() for line in lines)  # type: ignore[union-attr, misc]


def test_the_image_has_what_the_package_asks_for_in_the_versions_of_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    texts = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    asked = [Requirement(text) for text in texts + [one for extra in EXTRAS for one in extras[extra]]]
    versions = pinned()
    assert [str(one) for one in asked if not one.specifier.contains(versions[canonicalize_name(one.name)])] == []
    constraints = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    tested = {canonicalize_name(name): version for name, version in constraints.items()}
    assert {name: v for name, v in versions.items() if name in tested and tested[name] != v} == {}
