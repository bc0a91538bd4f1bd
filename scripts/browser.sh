#!/bin/sh
# Finds the headless browser that tests/test_look.py needs, or installs Debian's Chromium.
# Prints the browser's path; exits 3 where there is none and nobody may install it.
set -eu

find_browser() {
  for name in "${CHROMIUM:-chromium}" chromium chromium-browser google-chrome; do
    command -v "$name" 2>/dev/null && return
  done
  return 1
}

find_browser && exit

. "$(dirname "$0")/as_root.sh"

if [ "$as_root" = none ]; then
  echo "No Chromium here, and nobody may install it: run 'apt-get install chromium fonts-noto-color-emoji' as root," \
    "or name a browser: CHROMIUM=/path/to/chromium. Without one, tests/test_look.py is skipped." >&2
  exit 3
fi

echo "== Chromium for the tests that look at the comment" >&2
{
  $as_root apt-get update --quiet
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends \
    chromium fonts-dejavu-core fonts-noto-color-emoji
} >&2 || { echo "Chromium could not be installed: tests/test_look.py is skipped." >&2; exit 3; }
find_browser
