"""Writes and verifies a container image of one layer as an OCI image layout in a tar, with nothing but Python.

Usage: oci.py write ROOT IMAGE --version TEXT [--revision COMMIT] --time SECONDS
       oci.py verify IMAGE [--unpack FOLDER]
The forms are those of the OCI image specification 1.1: image-layout, index, manifest, config, layer.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import sys
import tarfile
from datetime import datetime, timezone

USER = 65532
STATE = "var/lib/mozaiks-ops"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MOST = 60_000_000
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def compact(document):
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def layer(root, time):
    """The files below root, in a tar that is the same for the same files."""

    def owned(member):
        is_state = member.name == STATE or member.name.startswith(STATE + "/")
        member.uid = member.gid = USER if is_state else 0
        member.uname = member.gname = ""
        member.mtime = time
        if member.name == STATE:
            member.mode = 0o700
        return member

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(folders + files):
                path = os.path.join(folder, name)
                tar.add(path, os.path.relpath(path, root), recursive=False, filter=owned)
    return out.getvalue()


def write(arguments):
    plain = layer(arguments.root, arguments.time)
    packed = gzip.compress(plain, 9, mtime=0)
    created = datetime.fromtimestamp(arguments.time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    labels = {
        "org.opencontainers.image.title": "mozaiks-ops",
        "org.opencontainers.image.version": arguments.version,
        "org.opencontainers.image.licenses": "MIT",
    }
    if arguments.revision:
        labels["org.opencontainers.image.revision"] = arguments.revision
    config = compact({
        "created": created, "architecture": ARCHITECTURES[platform.machine()], "os": "linux",
        "config": {
            "User": f"{USER}:{USER}", "Entrypoint": ["/usr/bin/mozaiks-ops"], "Cmd": ["run"], "WorkingDir": "/" + STATE,
            "Env": ["PATH=/usr/bin", f"STATE_DIRECTORY=/{STATE}"], "Volumes": {"/" + STATE: {}},
            "ExposedPorts": {"9464/tcp": {}, "9465/tcp": {}}, "StopSignal": "SIGTERM", "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [digest(plain)]},
        "history": [{"created": created, "created_by": "make package"}],
    })

    def part(kind, data):
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    manifest = compact({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": part(CONFIG, config), "layers": [part(LAYER, packed)], "annotations": labels,
    })
    entry = part(MANIFEST, manifest)
    entry["platform"] = {"architecture": ARCHITECTURES[platform.machine()], "os": "linux"}
    entry["annotations"] = {"org.opencontainers.image.ref.name": arguments.version, "io.containerd.image.name": f"mozaiks-ops:{arguments.version}"}
    files = {
        "oci-layout": compact({"imageLayoutVersion": "1.0.0"}),
        "index.json": compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}),
    }
    for blob in (config, packed, manifest):
        files["blobs/sha256/" + hashlib.sha256(blob).hexdigest()] = blob
    with tarfile.open(arguments.image, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(files[name]), arguments.time, 0o644
            tar.addfile(member, io.BytesIO(files[name]))


def verify(arguments):
    """Reads the image as a runtime would; exits with 1 and a word on what is wrong."""
    faults = []

    def expect(condition, what):
        if not condition:
            faults.append(what)

    with tarfile.open(arguments.image) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar.getmembers() if member.isfile()}
    expect(json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}, "oci-layout")

    def blob(descriptor, kind):
        data = files.get("blobs/" + descriptor["digest"].replace(":", "/"))
        if data is None:
            sys.exit(f"{arguments.image}: {descriptor['digest']} is not there")
        expect(descriptor["mediaType"] == kind, f"{descriptor['mediaType']} is not {kind}")
        expect(descriptor["size"] == len(data), f"size of {descriptor['digest']}")
        expect(descriptor["digest"] == digest(data), f"digest of {descriptor['digest']}")
        return data

    index = json.loads(files["index.json"])
    expect(index["schemaVersion"] == 2 and len(index["manifests"]) == 1, "index.json")
    manifest = json.loads(blob(index["manifests"][0], MANIFEST))
    config = json.loads(blob(manifest["config"], CONFIG))
    layers = [gzip.decompress(blob(part, LAYER)) for part in manifest["layers"]]
    expect([digest(data) for data in layers] == config["rootfs"]["diff_ids"], "the layers are not those of the config")
    expect(config["config"]["User"].split(":")[0] not in ("", "0", "root"), "it runs as root")
    size = os.path.getsize(arguments.image)
    members = {}
    for data in layers:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar.getmembers():
                expect(not member.name.startswith("/") and ".." not in member.name.split("/"), f"{member.name} leaves the root")
                expect(not member.mode & 0o6000, f"{member.name} is setuid or setgid")
                members[member.name] = member
            if arguments.unpack:
                tar.extractall(arguments.unpack)
    expect(config["config"]["Entrypoint"][0].lstrip("/") in members, "the entry point is not there")
    others = [name for name, member in members.items() if member.isfile() and member.mode & 0o002]
    expect(not others, f"anybody may write to {others}")
    shells = [name for name in members if name.split("/")[-1] in ("sh", "bash", "dash", "busybox")]
    expect(not shells, f"there is a shell: {shells}")
    if faults:
        sys.exit(f"{arguments.image}: " + "; ".join(faults))
    unpacked = sum(len(data) for data in layers)
    note = "" if size <= MOST else f", above its budget of {MOST / 1e6:.0f} MB"
    print(f"{arguments.image}: {size / 1e6:.1f} MB packed, {unpacked / 1e6:.1f} MB unpacked{note}")


parser = argparse.ArgumentParser()
commands = parser.add_subparsers(required=True)
writing = commands.add_parser("write")
writing.add_argument("root")
writing.add_argument("image")
writing.add_argument("--version", required=True)
writing.add_argument("--revision", default="", help="the commit it was built from, where it is known")
writing.add_argument("--time", type=int, required=True)
writing.set_defaults(do=write)
verifying = commands.add_parser("verify")
verifying.add_argument("image")
verifying.add_argument("--unpack")
verifying.set_defaults(do=verify)
chosen = parser.parse_args()
chosen.do(chosen)
