#!/usr/bin/env bash
# Makes a tarball that runs on another Linux machine of this architecture where nothing can be installed: what
# `make install` has put into INSTALLED, the programs of PROGRAMS (linked to look in ../lib), the shared libraries they
# need, and what tests/gpu_all.sh needs. Called by `make dist`.
# usage: assets/dist.sh INSTALLED PROGRAMS VERSION OUTDIR
# Not in it: the C library and its loader (the machine's own, at least as new as INSTALL says), the driver, CUDA's own
# libraries. SOURCE_DATE_EPOCH, else the last commit's time, makes equal tarballs of equal files.
set -euo pipefail
umask 022
export LC_ALL=C
installed=$1 programs=$2 version=$3 out=$4
limit=$((40 << 20))
machine=linux-$(uname -m)
name=fsplab-$version-$machine
for tool in readelf tar gzip; do
    command -v "$tool" >/dev/null || { echo "dist: no $tool: install binutils, tar and gzip" >&2; exit 1; }
done
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/$name
cp -r "$installed" "$root"
install -m 755 "$programs/fsplab" "$root/bin/fsplab"
install -D -m 755 -t "$root/tests/bin" "$programs/test_gpu" "$programs/test_parity"
install -m 755 tests/gpu_all.sh tests/test_cuda_study.sh "$root/tests"
install -D -m 644 -t "$root/tests/reference" tests/reference/parity.txt
install -D -m 755 -t "$root/tests/peers" tests/peers/torch_step.py
install -m 644 tests/peers/cifar_nets.py "$root/tests/peers"

# A plug-in left by another build would be refused where it is wanted.
plugin=$root/lib/fsplab/fsplab-cuda.so
if [ -f "$plugin" ] && "$root/bin/fsplab" doctor | grep -q 'is of another build'; then
    echo "dist: fsplab-cuda.so is of another build, left out: make it anew" >&2
    rm -r "$root/lib/fsplab"
fi

# ---- the libraries, under the names by which they are asked for ----
mkdir -p "$root/lib"
ours() { find "$root/bin" "$root/tests/bin" "$root/lib" -type f; }
ours | while read -r f; do ldd "$f" 2>/dev/null || true; done |
    awk '$2 == "=>" && $3 == "not" {print $1, "-"} $2 == "=>" && $3 ~ /^\// {print $1, $3}' | sort -u >"$work/needed"
while read -r soname path; do
    case $soname in
    ld-linux* | libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libmvec.so.*) continue ;; # glibc
    libcuda.so* | libnvidia* | libcu* | libnv*) continue ;; # the driver, CUDA
    esac
    [ "$path" != - ] || { echo "dist: $soname is needed, but not here" >&2; exit 1; }
    [ "$path" -ef "$root/lib/$soname" ] || install -m 644 "$path" "$root/lib/$soname"
    # their licences, where the system keeps them
    real=$(readlink -f "$path")
    package=$({ dpkg -S "$real" || dpkg -S "${real#/usr}"; } 2>/dev/null | sed -n '1s/[:,].*//p' || true)
    copyright=/usr/share/doc/${package:-none}/copyright
    if [ -f "$copyright" ]; then install -D -m 644 "$copyright" "$root/share/doc/fsplab/licences/$package"; fi
done <"$work/needed"

# ---- what it asks of the machine ----
glibc=$(ours | while read -r f; do readelf -V "$f" | grep -o 'GLIBC_2[0-9.]*' || true; done | sed 's/GLIBC_//' | sort -uV | tail -n 1)
{
    echo "fsplab $version for $machine. Nothing has to be installed: leave the folders as they lie, anywhere, and run"
    echo
    echo '    bin/fsplab doctor        what was found on this machine'
    echo '    bin/fsplab run demo      a small study; bin/fsplab is the workbench'
    echo
    echo "Libraries come with it, in lib, but for the system's C library (glibc $glibc or newer)."
    if [ -f "$plugin" ]; then
        cublas=$(readelf -d "$plugin" | sed -n 's/.*NEEDED.*\[\(libcublas\.so[^]]*\)\].*/\1/p')
        echo "For a GPU: NVIDIA's driver, and $cublas of CUDA or of the Python package nvidia-cublas, in a folder that the"
        echo 'loader knows or LD_LIBRARY_PATH names. tests/gpu_all.sh tests and measures all of it, without a compiler.'
    else
        echo 'It was made without the plug-in for GPUs.'
    fi
    echo
    echo 'share/doc/fsplab: documents, and the licences of the libraries. share/fsplab: experiments.ini, themes.'
} >"$root/INSTALL"

mkdir -p "$out"
tarball=$out/$name.tar.gz
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" |
    gzip -9n >"$tarball.new"
size=$(stat -c %s "$tarball.new")
if [ "$size" -gt $limit ]; then
    rm "$tarball.new"
    echo "dist: $name.tar.gz would have $size bytes, more than $limit" >&2
    exit 1
fi
mv "$tarball.new" "$tarball"
awk -v n="$tarball" -v s="$size" -v g="$glibc" 'BEGIN {printf "wrote %s (%.1f MiB; needs glibc %s)\n", n, s / 1048576, g}'
