#!/bin/sh
# Fetches the plotting library that a report's page holds: https://github.com/leeoniya/uPlot, MIT, 51 kB, no dependencies.
# It is kept in the repository, so that installing hubpipe needs no npm. To go to another version change both lines.
set -eu

version=1.6.32
integrity=sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==

root="$(cd "$(dirname "$0")/.." && pwd)"
files=src/hubpipe/templates/training/vendor/uplot
place="$root/$files"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "uplot@$version" >/dev/null
found="sha512-$(openssl dgst -sha512 -binary "uplot-$version.tgz" | openssl base64 -A)"
if [ "$found" != "$integrity" ]; then
  echo "uplot $version is not what it was: $found" >&2
  exit 1
fi
tar -xzf "uplot-$version.tgz"
mkdir -p "$place"
cp package/dist/uPlot.iife.min.js package/dist/uPlot.min.css package/LICENSE "$place/"
# What was fetched, for tests/test_supply_chain.py.
(cd "$root" && sha256sum "$files"/* > scripts/vendored.sha256)
