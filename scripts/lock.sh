#!/usr/bin/env bash
# Resolve pyproject.toml into requirements/*.lock, every file pinned by version and hash.
# torch stays out: requirements/torch.lock names its CPU build by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'torch==2.13.0+cpu ; sys_platform == "linux"' > "$work/override.txt"
resolve() { # OUT [more options]
  "$uv" pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 \
    --override "$work/override.txt" --no-emit-package torch pyproject.toml -o "$@"
}
resolve requirements/runtime.lock
resolve requirements/full.lock --extra full -c requirements/runtime.lock
resolve requirements/bot.lock --extra bot -c requirements/runtime.lock
cat requirements/full.lock requirements/bot.lock | grep -v '^ ' | sed 's/ \\$//' | sort -u > "$work/before.txt"
resolve requirements/dev.lock --extra full --extra bot --group dev -c "$work/before.txt"
# By itself, without what the rest depends on.
"$uv" pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 \
  --group pyproject.toml:fuzz -o requirements/fuzz.lock
"$uv" pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 \
  --group build -c requirements/dev.lock -o requirements/build.lock
