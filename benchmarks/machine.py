"""Turn the machine that something is measured on into the words that stand over the figures."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Describe the processor, its cores, how busy it is, the system and Python."""
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{processor()}, {os.cpu_count()} cores{load}, {platform.platform()}, Python {platform.python_version()}"


def processor() -> str:
    """Name the processor."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
