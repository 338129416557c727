#!/usr/bin/env python3
"""Checks the manifests, the compose file, the Dockerfile and the workflows without a cluster, a daemon or a network.

The schemas are in PyPI packages (requirements.txt): those of Kubernetes, for the oldest supported and a recent version,
applied strictly, so that an unknown field or a wrong type fails; and those of compose, GitHub workflows and dependabot.
Other checks cover names that the schemas do not know. Every problem is printed; the exit code is 1 when there is one.

With --without-schemas only PyYAML is needed, and the script says what it does not check.
"""

import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES_VERSIONS = ["1.23", "1.31"]
IMAGE = "ghcr.io/wardroom-dev/wardroom"
INGRESS_PATHS = {
    "/slack/", "/github/webhooks", "/webhooks/github", "/webhook", "/alerts/", "/heartbeats/",
    "/health", "/status", "/status.json",
}
CORE_KINDS = {
    "Namespace", "ServiceAccount", "ConfigMap", "Secret", "Deployment", "Service", "Ingress",
    "PodDisruptionBudget", "NetworkPolicy",
}

problems = []


def expect(condition, where, message):
    if not condition:
        problems.append(f"{where}: {message}")


class UniqueKeys(yaml.SafeLoader):
    """A loader that reports duplicate keys. By default the last one is used silently."""


def unique_mapping(loader, node, deep=False):
    seen = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"duplicate key {key!r}", key_node.start_mark)
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep)


UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, unique_mapping)


def documents(path):
    with open(path, encoding="utf-8") as file:
        try:
            return [doc for doc in yaml.load_all(file, Loader=UniqueKeys) if doc is not None]
        except yaml.YAMLError as error:
            problems.append(f"{path.relative_to(ROOT)}: {error}")
            return []


def name_of(path):
    return str(path.relative_to(ROOT))


# --- Schemas -------------------------------------------------------------------------------------------------


def check_kubernetes_schema(where, doc):
    import kubernetes_validate

    for version in KUBERNETES_VERSIONS:
        try:
            kubernetes_validate.validate(doc, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            at = ".".join(str(step) for step in error.path) or "(top)"
            problems.append(f"{where}: {doc.get('kind')} in Kubernetes {version}: {at}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            problems.append(f"{where}: {error.message}")


def check_vendored_schema(path, schema_name):
    import importlib.resources

    import jsonschema

    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((folder / f"{schema_name}.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    for doc in documents(path):
        # PyYAML implements YAML 1.1, which reads a workflow's `on` as true.
        if True in doc:
            doc["on"] = doc.pop(True)
        for error in validator.iter_errors(doc):
            at = ".".join(str(step) for step in error.absolute_path) or "(top)"
            problems.append(f"{name_of(path)}: {at}: {error.message[:300]}")


# --- Checks beyond the schemas -------------------------------------------------------------------------------


def known_variables():
    """The names in .env.example, set or commented out."""
    path = ROOT / ".env.example"
    if not path.exists():
        return None
    return set(re.findall(r"^\s*#?\s*([A-Z][A-Z0-9_]+)=", path.read_text(encoding="utf-8"), re.M))


def check_variables(path, section):
    known = known_variables()
    text = path.read_text(encoding="utf-8")
    body = text.split(f"\n{section}:\n", 1)
    expect(len(body) == 2, name_of(path), f"has no {section}:")
    keys = re.findall(r"^\s+(?:# )?([A-Z][A-Z0-9_]+):", body[-1], re.M)
    expect(len(keys) == len(set(keys)), name_of(path), "a key occurs twice, set or commented out")
    if known is None:
        print("not checked: the keys of k8s/ against .env.example, which does not exist yet")
        return
    for key in keys:
        bare = key.removesuffix("_FILE")
        expect(key in known or bare in known, name_of(path), f"{key} is not a variable of .env.example")


def check_image(where, image):
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    expect(tag and tag != "latest", where, f"image {image} must have a tag, and not latest")


def package_version():
    return re.search(r'^version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)


def check_core(core):
    by_kind = {}
    for where, doc in core:
        kind, meta = doc.get("kind"), doc.get("metadata", {})
        expect(kind in CORE_KINDS, where, f"{kind} does not belong in the root of k8s/")
        by_kind.setdefault(kind, []).append((where, doc))
        if kind != "Namespace":
            expect(meta.get("namespace") == "wardroom", where, "namespace must be wardroom")
            expect(meta.get("labels", {}).get("app") == "wardroom", where, "label app: wardroom is missing")
        expect("app.kubernetes.io/name" in meta.get("labels", {}), where, "label app.kubernetes.io/name is missing")
    expect(core and core[0][1].get("kind") == "Namespace", "k8s/", "the first file must be the namespace")
    for kind in CORE_KINDS:
        expect(len(by_kind.get(kind, [])) == 1, "k8s/", f"one {kind} expected, {len(by_kind.get(kind, []))} found")
    if any(len(by_kind.get(kind, [])) != 1 for kind in CORE_KINDS):
        return
    one = {kind: found[0] for kind, found in by_kind.items()}

    names = {kind: "wardroom" for kind in CORE_KINDS} | {
        "ConfigMap": "wardroom-config", "Secret": "wardroom-secrets"}
    for kind, name in names.items():
        where, doc = one[kind]
        expect(doc["metadata"]["name"] == name, where, f"{kind} must be named {name}")

    check_deployment(*one["Deployment"])

    where, service = one["Service"]
    ports = {p["name"]: (p["port"], p["targetPort"]) for p in service["spec"]["ports"]}
    expect(ports == {"http": (80, "http"), "metrics": (9090, "metrics")}, where, f"ports are {ports}")

    where, ingress = one["Ingress"]
    paths = {p["path"] for rule in ingress["spec"]["rules"] for p in rule["http"]["paths"]}
    expect(paths == INGRESS_PATHS, where, f"paths differ from the allow-list: {sorted(paths ^ INGRESS_PATHS)}")
    expect("defaultBackend" not in ingress["spec"], where, "a default backend would let everything in")
    expect(ingress["spec"].get("tls"), where, "TLS is missing")

    where, secret = one["Secret"]
    # The value that is set must work, so it cannot be a real secret. All others are placeholders, which are refused.
    expect(list(secret.get("stringData", {})) == ["DB_PASSWORD"], where, "only the trial database's password is set")
    text = (ROOT / "k8s/21-secret.yaml").read_text(encoding="utf-8")
    for key, value in re.findall(r"^  # ([A-Z_]+): (.*)$", text, re.M):
        expect("REPLACE-ME" in value, where, f"{key} does not look like a placeholder")

    where, policy = one["NetworkPolicy"]
    out = {p["port"] for rule in policy["spec"]["egress"] for p in rule["ports"]}
    expect(out == {53, 443, 5432, 6432, 4317, 4318}, where, f"the egress ports are {sorted(out)}")


def check_deployment(where, doc):
    spec = doc["spec"]
    rolling = spec["strategy"]["rollingUpdate"]
    expect(rolling.get("maxUnavailable") == 0, where, "maxUnavailable must be 0")
    expect(spec["selector"]["matchLabels"].get("app") == "wardroom", where, "selector must be app: wardroom")
    pod = spec["template"]["spec"]
    expect(pod.get("automountServiceAccountToken") is False, where, "the token must not be mounted")
    expect(len(pod["containers"]) == 1, where, "one container expected")
    box = pod["containers"][0]
    expect(box["name"] == "wardroom", where, "the container must be named wardroom")
    expect(box["image"] == f"{IMAGE}:{package_version()}", where, f"image is {box['image']}")
    ports = {p["name"]: p["containerPort"] for p in box["ports"]}
    expect(ports == {"http": 3000, "metrics": 9090}, where, f"ports are {ports}")
    for probe, route in (("startup", "startup"), ("liveness", "live"), ("readiness", "ready")):
        got = box.get(f"{probe}Probe", {}).get("httpGet", {})
        expect(got == {"path": f"/health/{route}", "port": "http"}, where, f"{probe} probe is {got}")
    expect("lifecycle" not in box, where, "a preStop needs a shell, or Kubernetes 1.29")
    sources = [next(iter(s.values()))["name"] for s in box["envFrom"]]
    expect(sources == ["wardroom-config", "wardroom-secrets"], where, f"envFrom is {sources}")
    safe, podsafe = box["securityContext"], pod["securityContext"]
    expect(podsafe.get("runAsUser") == 10001 and podsafe.get("runAsNonRoot") is True, where, "must run as 10001")
    expect(podsafe.get("seccompProfile") == {"type": "RuntimeDefault"}, where, "seccomp must be RuntimeDefault")
    expect(safe.get("readOnlyRootFilesystem") is True, where, "the root file system must be read-only")
    expect(safe.get("allowPrivilegeEscalation") is False, where, "privilege escalation must be off")
    expect(safe.get("capabilities", {}).get("drop") == ["ALL"], where, "all capabilities must be dropped")
    grace = int(documents(ROOT / "k8s/20-configmap.yaml")[0]["data"]["SHUTDOWN_GRACE_SECONDS"])
    expect(pod["terminationGracePeriodSeconds"] > grace + 10, where, "Kubernetes would kill before the grace ends")


def check_proxies():
    """The example proxies open the same paths as the ingress."""
    for path in (ROOT / "deploy/nginx/wardroom.conf", ROOT / "deploy/caddy/Caddyfile"):
        text = path.read_text(encoding="utf-8")
        for open_path in INGRESS_PATHS:
            words = [word for word in open_path.split("/") if word]
            expect(all(word.split(".")[0] in text for word in words), name_of(path), f"{open_path} is not open")
        for closed in ("/metrics", "/api/", "/health/", "/version"):
            opened = [line for line in text.splitlines() if closed in line and not line.lstrip().startswith("#")]
            expect(not opened, name_of(path), f"{closed} is open: {opened}")


def check_compose(path):
    where = name_of(path)
    services = documents(path)[0]["services"]
    expect(set(services) == {"app", "db", "prometheus", "grafana", "alertmanager", "jaeger"}, where,
           f"services are {sorted(services)}")
    for name, service in services.items():
        expect("container_name" not in service, where, f"{name}: a container_name forbids scaling")
        check_image(f"{where}: {name}", service.get("image", ""))
    profiles = {name: service.get("profiles", []) for name, service in services.items()}
    for name in ("prometheus", "grafana", "alertmanager"):
        expect(profiles[name] == ["monitoring"], where, f"{name}: profiles are {profiles[name]}")
    expect(profiles["jaeger"] == ["tracing"], where, f"jaeger: profiles are {profiles['jaeger']}")
    expect(not profiles["app"] and not profiles["db"], where, "app and db have no profile")
    for name, port in (("prometheus", "9091"), ("grafana", "3003"), ("jaeger", "16686")):
        hosts = [str(p).rsplit(":", 2)[-2] for p in services[name].get("ports", [])]
        expect(port in hosts, where, f"{name}: host port {port} is missing from {hosts}")
    expect(any(str(p).endswith("}:3000") or "-" in str(p) for p in services["app"]["ports"]), where,
           "app: a fixed host port forbids scaling; give a range")
    health = services["db"]["healthcheck"]
    expect("pg_isready" in str(health["test"]), where, "db: health must be pg_isready")
    expect((health["interval"], health["timeout"], health["retries"]) == ("10s", "5s", 5), where,
           "db: health must be 10s/5s/5")
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = str(volume).split(":", 1)[0]
            if source.startswith("./"):
                expect((ROOT / source).exists(), where, f"{name}: {source} does not exist")


def check_dockerfile(path):
    where, text = name_of(path), path.read_text(encoding="utf-8")
    rust = re.search(r'^rust-version = "([^"]+)"', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
    for image in re.findall(r"^FROM (\S+)", text, re.M):
        check_image(where, image)
    for line in (
        f"FROM rust:{rust}", "USER 10001", 'ENTRYPOINT ["wardroom"]', 'CMD ["serve"]', "EXPOSE 3000 9090",
        "HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 CMD "
        '["wardroom", "healthcheck"]', "ENV SQLX_OFFLINE=true",
    ):
        expect(re.search(rf"^{re.escape(line)}", text, re.M), where, f"{line} is missing")


def check_readme(path):
    where = name_of(path)
    blocks = re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
    expect(len(blocks) >= 2, where, "two fenced sh blocks expected")
    if len(blocks) < 2:
        return
    expect(blocks[0].strip() == "scripts/demo", where, "the first sh block must be scripts/demo alone")
    command = blocks[1].strip().splitlines()[-1]
    run = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    expect(command in [line.strip() for line in run], where, f".ci/run does not call `{command}` as it stands")
    for line in (blocks[0].strip(), command):
        expect((ROOT / line.split()[0]).exists(), where, f"{line} does not exist")


def main():
    schemas = "--without-schemas" not in sys.argv[1:]
    if not schemas:
        print("not checked: the schemas (their packages are not installed)")

    root_files = sorted((ROOT / "k8s").glob("*.yaml"))
    nested = sorted((ROOT / "k8s").glob("*/*.yaml"))
    core = [(name_of(path), doc) for path in root_files for doc in documents(path)]
    trial = [(name_of(path), doc) for path in nested if path.parent.name == "postgres" for doc in documents(path)]
    for where, doc in core + trial:
        if schemas:
            check_kubernetes_schema(where, doc)
        template = doc.get("spec", {}).get("template", {}).get("spec", {})
        for box in template.get("containers", []) + template.get("initContainers", []):
            check_image(where, box["image"])
    check_core(core)
    trial_names = {(doc["kind"], doc["metadata"]["name"]) for _, doc in trial}
    for kind in ("StatefulSet", "Service"):
        expect((kind, "postgres") in trial_names, "k8s/postgres/", f"{kind} postgres is missing")
    check_variables(ROOT / "k8s/20-configmap.yaml", "data")
    check_variables(ROOT / "k8s/21-secret.yaml", "stringData")

    check_proxies()
    check_compose(ROOT / "docker-compose.yml")
    check_dockerfile(ROOT / "Dockerfile")
    check_readme(ROOT / "README.md")
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    if schemas:
        check_vendored_schema(ROOT / "docker-compose.yml", "compose-spec")
        check_vendored_schema(ROOT / ".github/dependabot.yml", "dependabot")
        for path in workflows:
            check_vendored_schema(path, "github-workflows")
    calls = [line.strip() for path in workflows for line in path.read_text(encoding="utf-8").splitlines()]
    expect("- run: .ci/run" in calls, ".github/workflows", "nothing calls .ci/run as it stands")
    for path in workflows:
        for action in re.findall(r"uses:\s*(\S+)", path.read_text(encoding="utf-8")):
            expect(re.search(r"@v?\d+(\.\d+)*$|@[0-9a-f]{40}$", action), name_of(path), f"{action} is not pinned")

    for problem in problems:
        print(problem)
    print(f"{len(core) + len(trial)} manifests, compose, Dockerfile, {len(workflows)} workflows: "
          + (f"{len(problems)} problems" if problems else "fine"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
