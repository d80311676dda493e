#!/bin/sh
# Installs the packages that fsplab needs and that are not there, saying which and why; touches nothing else.
# Called by `make deps`. CC names the compiler when it is not to be gcc.
set -u
cc=${CC:-}
[ -n "$cc" ] || cc=$(command -v gcc || command -v clang || echo gcc)
has() { command -v "$1" >/dev/null 2>&1; }
installed() { has dpkg-query && [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
header() { printf '#include <%s>\n' "$1" | "$cc" -E -x c - >/dev/null 2>&1; }

names= reasons=
need() { # PACKAGE REASON TEST...: adds the package unless it is installed or the test succeeds
    package=$1 reason=$2
    shift 2
    installed "$package" && return
    "$@" 2>/dev/null && return
    names="$names $package"
    reasons="$reasons
  $(printf '%-18s %s' "$package" "$reason")"
}
library() { has pkg-config && pkg-config --exists "$1"; }
lbfgsb() { printf 'void setulb_(void);int main(void){setulb_();}' | "$cc" -w -x c - -o /dev/null -llbfgsb; }
iniparser() { library iniparser || header iniparser/iniparser.h || header iniparser.h; }

need "${cc##*/}" 'the C compiler' has "$cc"
case ${cc##*/} in # clang's package has both
clang*) ;;
*) need g++ 'runs the CUDA kernels in the tests, on machines with and without a GPU' has g++ ;;
esac
need libc6-dev 'headers of the C library' header stdio.h
need make 'builds everything' has make
need pkg-config 'finds the libraries' has pkg-config
need libncurses-dev 'the screens of the workbench' library ncursesw
need libpng-dev 'pictures of FSP matrices, and images as PNG to train on' library libpng
need libjpeg-dev 'images as JPEG to train on (libjpeg-turbo)' library libjpeg
need libiniparser-dev 'reads experiments.ini' iniparser
need libsqlite3-dev 'the store of a study' library sqlite3
need libjansson-dev 'JSON: output for scripts, the socket, safetensors' library jansson
need libmd-dev 'checksums of data and checkpoints' library libmd
need liblapack-dev 'linear algebra of the Gaussian process' library lapack
need libblas-dev 'the same, its lower half' library blas
need liblbfgsb-dev 'L-BFGS-B, the optimiser of the search' lbfgsb
need libcerf-dev 'erfcx, for the logarithm of an expected improvement' library libcerf
need libcmocka-dev 'the tests' library cmocka
need libvterm-dev 'a terminal in memory, for the tests of the screens' library vterm
need tmux 'a terminal for the tests of the screens' has tmux

[ -n "$names" ] || exit 0
echo "missing:$reasons"
root=
[ "$(id -u)" = 0 ] || root=sudo
if ! has apt-get || { [ -n "$root" ] && ! has sudo; }; then
    echo "install them first (names as in Debian):$names" >&2
    exit 1
fi
echo "installing:$names"
# A stale list may still do, so only the installation decides.
$root env DEBIAN_FRONTEND=noninteractive apt-get -qq update || echo 'apt-get update failed; trying with the lists there are' >&2
# shellcheck disable=SC2086 # one word a package
$root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $names >/dev/null || {
    echo "could not install:$names" >&2
    exit 1
}
