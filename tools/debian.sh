# A bare Debian 12 in a folder: used by tools/fresh and tests/deploy. Sourced by bash in strict mode. Needs root and
# debootstrap. The base system is made once and kept as a tarball in the cache.
# shellcheck shell=bash

debian_cache=${MAI_DEBIAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mai-debian}

# debian_missing: prints why no bare Debian can be made here; nothing when it can.
debian_missing() {
  if [ "$(id -u)" != 0 ]; then echo "not root"; return; fi
  command -v debootstrap >/dev/null || { echo "debootstrap is not installed"; return; }
  unshare --mount true 2>/dev/null || echo "no right to mount"
}

# debian_mirror: where this machine gets Debian from.
debian_mirror() {
  local found
  found=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 == "bookworm" || $2 == "stable" { print $1; exit }')
  echo "${found:-http://deb.debian.org/debian}"
}

# debian_unpack FOLDER: the base system, with this machine's way to the network.
debian_unpack() {
  local root=$1 tarball=$debian_cache/bookworm-minbase.tar
  mkdir -p "$debian_cache" "$root"
  if [ ! -f "$tarball" ]; then
    debootstrap --variant=minbase bookworm "$root" "$(debian_mirror)" >"$debian_cache/debootstrap.log" 2>&1 ||
      { tail -n 20 "$debian_cache/debootstrap.log" >&2; return 1; }
    chroot "$root" apt-get clean
    tar -C "$root" --one-file-system -cf "$tarball.part" . && mv "$tarball.part" "$tarball"
  else
    tar -C "$root" -xf "$tarball"
  fi
  debian_network "$root"
}

# debian_network FOLDER: names, mirrors, proxies and certificates of this machine, whatever they are.
debian_network() {
  local root=$1 file
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-)' >"$root/etc/apt/apt.conf.d/90host" || true
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    # Debian's own suites only: a third party's packages would not be a bare Debian.
    [ -f "$file" ] && grep -qE '(^|[[:space:]])bookworm(-[a-z]+)?([[:space:]]|$)' "$file" || continue
    rm -f "$root/etc/apt/sources.list"
    mkdir -p "$root$(dirname "$file")"
    cp "$file" "$root$file"
  done
  for file in /etc/apt/auth.conf /etc/apt/auth.conf.d /etc/apt/keyrings /etc/apt/trusted.gpg.d; do
    [ -e "$file" ] && cp -a "$file" "$root$(dirname "$file")/"
  done
  cp -an /usr/share/keyrings "$root/usr/share/" 2>/dev/null || true
  mkdir -p "$root/root" "$root/usr/local/share/host"
  for file in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt; do
    [ -f "$file" ] && { cp "$file" "$root/usr/local/share/host/ca.crt"; break; }
  done
  npm_settings >"$root/root/.npmrc"
}

# npm_settings: where npm goes and how it proves itself there; nothing about this machine's folders.
npm_settings() {
  local file
  for file in /etc/npmrc "${PREFIX:-/usr}/etc/npmrc" "$HOME/.npmrc"; do
    [ -f "$file" ] && grep -E '^(//|@|registry|proxy|https-proxy|noproxy|strict-ssl|ca\[\]|_auth|always-auth)' "$file" || true
  done
  return 0
}

# debian_run FOLDER COMMAND...: inside, as root or as $DEBIAN_USER, with /proc, /sys, /dev and this machine's network, in
# namespaces of its own: when the command ends nothing is left running or mounted. The command is process 1 there.
debian_run() {
  local root=$1 name environment=()
  shift
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY npm_config_registry NPM_CONFIG_REGISTRY; do
    [ -z "${!name:-}" ] || environment+=("$name=${!name}")
  done
  if [ -f "$root/usr/local/share/host/ca.crt" ]; then
    environment+=(NODE_EXTRA_CA_CERTS=/usr/local/share/host/ca.crt npm_config_cafile=/usr/local/share/host/ca.crt)
  fi
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" bash -c '
    root=$1; shift
    mount --rbind /dev "$root/dev"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    exec chroot --userspec="${DEBIAN_USER:-root}" "$root" "$@"' debian_run "$root" \
    env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
    "${environment[@]}" "$@" </dev/null
}
