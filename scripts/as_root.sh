# For other scripts to read: `as_root` is what stands before a command that only root may do, `none` where nobody may.
# shellcheck shell=sh disable=SC2034
if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root="sudo -n"
else
  as_root=none
fi
command -v apt-get >/dev/null || as_root=none
