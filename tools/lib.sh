# shellcheck shell=bash
# Steps that ./run and ./test share: Debian packages, Node, npm, meson, and stamps that keep a step from being repeated.
# Sourced by bash in strict mode, in the repository's root. Everything made lies in build/ and .cache/.

stamps=build/.stamps
logs=build/.logs

# say WORDS: the one line a step prints.
say() { printf '%s: %s\n' "${program:-run}" "$*"; }

# die WORDS: one line on stderr, exit 1.
die() { printf '%s: %s\n' "${program:-run}" "$*" >&2; exit 1; }

# quietly NAME COMMAND...: output goes to a log, which is shown only when the command fails.
quietly() {
  local log=$logs/$1.log status=0
  shift
  mkdir -p "$logs"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ $status = 0 ] && return
  tail -n 40 "$log" >&2
  die "failed ($status): $* (whole output: $log)"
}

# as_root COMMAND...: as root, by sudo where we are somebody else.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || die "packages are missing; run as root, or install sudo"
  sudo "$@"
}

# ---- stamps: a step is done when its stamp holds the hash of what it was made from ----

# hash_of WORDS...: hash of words, for versions and options.
hash_of() { printf '%s\n' "$@" | sha256sum | cut -c1-32; }

# hash_files PATH...: hash of all files below the paths, without what tools leave in them.
hash_files() {
  find "$@" \( -name node_modules -o -name dist -o -name .vite \) -prune -o -type f -print0 2>/dev/null |
    sort -z | xargs -0r sha256sum | sha256sum | cut -c1-32
}

is_done() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }
mark_done() { mkdir -p "$stamps" && printf '%s\n' "$2" >"$stamps/$1"; }

# ---- Debian packages ----

# packages_of GROUP...: names listed in tools/packages.
packages_of() {
  local group
  for group; do awk -v g="$group" '$1 == g { print $2 }' tools/packages; done
}

# missing_packages NAME...: those that are not installed.
missing_packages() {
  local name
  for name; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
  done
}

# need_packages GROUP...: installs what is missing. Services that come with a package are neither started now
# (policy-rc.d) nor at the next start of the machine, so that none takes our ports.
need_packages() {
  local names missing
  mapfile -t names < <(packages_of "$@")
  mapfile -t missing < <(missing_packages "${names[@]}")
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || die "Debian 12 is needed to install: ${missing[*]}"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  quietly apt-update as_root apt-get -q update
  quietly "apt-install" as_root env DEBIAN_FRONTEND=noninteractive tools/apt_quiet "${missing[@]}"
}

# ---- Node ----

node_is_new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

# need_node: puts a Node of 20.19 or newer and its npm first in PATH: the machine's, else the npm package "node".
# Debian's npm runs only on Debian's node, so the newer node gets an npm of its own.
need_node() {
  local here=$PWD/.cache/node/node_modules/.bin
  if command -v npm >/dev/null && command -v node >/dev/null && node_is_new_enough node; then return; fi
  if ! node_is_new_enough "$here/node" || [ ! -e "$here/npm" ]; then
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then need_packages web; fi
    say "fetching Node 22 by npm into .cache/node"
    mkdir -p .cache/node
    quietly node npm install --prefix .cache/node --no-audit --no-fund node@22 npm@11
    node_is_new_enough "$here/node" || die "the npm package node brought no usable node"
  fi
  PATH=$here:$PATH
  hash -r
}

# need_npm FOLDER: what its lock file says, exactly.
need_npm() {
  local folder=$1 stamp
  stamp=$(hash_of "$(hash_files "$folder/package.json" "$folder/package-lock.json" "$folder/.npmrc")" "$(node -v)")
  [ -d "$folder/node_modules" ] && is_done "npm-$folder" "$stamp" && return
  say "installing npm packages of $folder/"
  quietly "npm-$folder" npm ci --prefix "$folder" --no-audit --no-fund
  mark_done "npm-$folder" "$stamp"
}

# ---- building ----

# build_web: web/dist, when its sources changed.
build_web() {
  local stamp
  need_npm web
  stamp=$(hash_of "$(hash_files web)" "$(node -v)")
  [ -d web/dist ] && is_done web "$stamp" && return
  say "building the web application"
  quietly web npm run --prefix web build
  mark_done web "$stamp"
}

# meson_folder FOLDER OPTION...: sets it up, or changes the options of one that is there.
meson_folder() {
  local folder=$1 stamp name
  shift
  name=meson-${folder//\//-}
  stamp=$(hash_of "$PWD" "${CC:-cc}" "$@")
  [ -f "$folder/build.ninja" ] && is_done "$name" "$stamp" && return
  say "configuring $folder/"
  if [ -f "$folder/build.ninja" ]; then
    quietly "$name" meson setup --reconfigure "$folder" "$@"
  else
    quietly "$name" meson setup "$folder" "$@"
  fi
  mark_done "$name" "$stamp"
}

# compile FOLDER TARGET...: all when no target is given; says so only when there is something to do.
compile() {
  local folder=$1 steps
  shift
  steps=$(ninja -C "$folder" -n "$@" 2>/dev/null | grep -c '^\[' || true)
  [ "$steps" = 0 ] || say "compiling in $folder/"
  quietly "compile-${folder//\//-}" ninja -C "$folder" "$@"
}
