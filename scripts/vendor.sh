#!/bin/sh
# Fetches what pages are made with: uPlot (https://github.com/leeoniya/uPlot, MIT), which a report's page holds, and htmx
# (https://github.com/bigskysoftware/htmx, 0BSD), which the bot's page asks for. Neither has dependencies.
# They are kept in the repository, so that neither installing hubpipe nor building its image needs npm. To go to another
# version change both of its lines.
set -eu

uplot=1.6.32
uplot_integrity=sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==
htmx=4.0.1
htmx_integrity=sha512-oF7JgXhDW9UXCy/k1ZYFUQgzu/rm19ORWPSPNL91vPluB2PB9+MV55tyQdH/w7o2EAbTYUG5SDW1R60mdkdqGg==

root="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# fetch NAME VERSION INTEGRITY FOLDER FILE...: the files of an npm package go into a folder of the repository.
fetch() {
  archive="$1-$2.tgz" place="$root/$4"
  (cd "$work" && npm pack --silent "$1@$2" >/dev/null)
  found="sha512-$(openssl dgst -sha512 -binary "$work/$archive" | openssl base64 -A)"
  if [ "$found" != "$3" ]; then
    echo "$1 $2 is not what it was: $found" >&2
    exit 1
  fi
  rm -rf "$work/package" && tar -xzf "$work/$archive" -C "$work"
  mkdir -p "$place"
  shift 4
  for file in "$@"; do
    cp "$work/package/$file" "$place/"
  done
}

fetch uplot "$uplot" "$uplot_integrity" src/hubpipe/templates/training/vendor/uplot \
  dist/uPlot.iife.min.js dist/uPlot.min.css LICENSE
fetch htmx.org "$htmx" "$htmx_integrity" src/hubpipe/templates/page/vendor/htmx \
  dist/htmx.min.js dist/ext/hx-sse.min.js LICENSE

# What was fetched, for tests/test_supply_chain.py.
(cd "$root" && sha256sum src/hubpipe/templates/*/vendor/*/* > scripts/vendored.sha256)
