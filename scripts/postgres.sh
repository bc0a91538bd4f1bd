#!/bin/sh
# Finds the PostgreSQL that the tests of the bot start, or installs Debian's.
# Prints the folder of its programs; exits 3 where there is none and nobody may install it.
set -eu

find_postgres() { # the newest: Debian keeps each version in a folder of its own, away from PATH
  for folder in "${POSTGRES:-}" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr) \
    "$(dirname "$(command -v initdb 2>/dev/null || echo /none/initdb)")"; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
      echo "$folder"
      return
    fi
  done
  return 1
}

find_postgres && exit

. "$(dirname "$0")/as_root.sh"

if [ "$as_root" = none ]; then
  echo "No PostgreSQL here, and nobody may install it: run 'apt-get install postgresql' as root, or name the folder" \
    "of its programs: POSTGRES=/path/to/bin. Without it, the tests on PostgreSQL are skipped." >&2
  exit 3
fi

echo "== PostgreSQL for the tests of the bot" >&2
install() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "$@"
}
{
  $as_root apt-get update --quiet
  # The tests start their own: Debian need not make one that runs from now on.
  install postgresql-common
  $as_root mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.d/hubpipe-tests.conf
  install postgresql
} >&2 || { echo "PostgreSQL could not be installed: the tests on it are skipped." >&2; exit 3; }
find_postgres
