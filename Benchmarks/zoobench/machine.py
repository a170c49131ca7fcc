"""The origin of a result: machine, commit and versions."""

import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from .settings import ROOT, ZOO

_PACKAGES = ("torch", "torchvision", "onnxruntime", "openvino", "ncnn")
_INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_tile")


def machine() -> dict:
    fields = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    flags = fields.get("flags", "").split()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": fields.get("model name", platform.processor()),
        "family_model_stepping": "/".join(
            fields.get(key, "?") for key in ("cpu family", "model", "stepping")
        ),
        "instructions": [name for name in _INSTRUCTIONS if name in flags],
        "processors": len(os.sched_getaffinity(0)),
        "memory_gb": round(pages / (1 << 30), 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def program() -> dict:
    """The commit, whether the tree was clean, and the digest of the program."""

    def git(*words: str) -> str:
        run = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
        return run.stdout.strip()

    return {
        "commit": git("rev-parse", "HEAD")[:12],
        "modified": bool(git("status", "--porcelain", "--", "Sources", "Plugins", "Package.swift")),
        "sha256": hashlib.sha256(ZOO.read_bytes()).hexdigest()[:16],
    }
