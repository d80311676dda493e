#!/bin/sh
# Makes a Debian package of what `make install` has put under ROOT (with PREFIX=/usr). Called by `make deb`.
# usage: assets/deb.sh ROOT VERSION OUTDIR
# The maintainer is DEBFULLNAME <DEBEMAIL>, else the last commit's author. SOURCE_DATE_EPOCH, else the last commit's time,
# makes equal packages of equal files.
set -eu
umask 022
root=$1 version=$2 out=$3
package=fsplab revision=$version-1
for tool in dpkg-deb dpkg-shlibdeps strip gzip; do
    command -v "$tool" >/dev/null || { echo "deb: no $tool: install dpkg-dev and binutils" >&2; exit 1; }
done

author=$(git log -1 --format='%an <%ae>' 2>/dev/null || true)
if [ -n "${DEBEMAIL:-}" ]; then author="${DEBFULLNAME:-fsplab} <$DEBEMAIL>"; fi
author=${author:-$(id -un) <$(id -un)@$(uname -n)>}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/fsplab"

doc=$root/usr/share/doc/$package
{
    echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
    echo "Upstream-Name: $package"
    echo
    echo 'Files: *'
    sed -n "s/^Copyright (c) /Copyright: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y) /p" LICENSE
    echo 'License: Expat'
    sed '1,/^Copyright/d' LICENSE | sed -e '/./,$!d' -e 's/^$/./' -e 's/^/ /'
} >"$doc/copyright"
{
    echo "$package ($revision) unstable; urgency=medium"
    echo
    echo '  * What has changed is in changelog.gz.'
    echo
    echo " -- $author  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.Debian.gz"
gzip -9n <"$doc/CHANGELOG.md" >"$doc/changelog.gz"
rm -f "$doc/CHANGELOG.md" "$doc/LICENSE"
gzip -9nf "$root/usr/share/man/man1/fsplab.1"
# where Debian's zsh looks
mkdir -p "$root/usr/share/zsh/vendor-completions"
mv "$root/usr/share/zsh/site-functions/_fsplab" "$root/usr/share/zsh/vendor-completions/"
rmdir "$root/usr/share/zsh/site-functions"

mkdir -p "$root/usr/share/lintian/overrides"
{
    echo '# This package is not uploaded to Debian, so there is no bug that asks for it.'
    echo 'fsplab: initial-upload-closes-no-bugs'
} >"$root/usr/share/lintian/overrides/fsplab"

# dpkg-shlibdeps wants a source package around it
mkdir -p "$root/../debian" "$root/DEBIAN"
printf 'Source: %s\n\nPackage: %s\nArchitecture: any\n' $package $package >"$root/../debian/control"
depends=$(cd "$root/.." && dpkg-shlibdeps -O "$(basename "$root")/usr/bin/fsplab" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
size=$(find "$root" -path "$root/DEBIAN" -prune -o -type f -printf '%s\n' | awk '{n += int(($1 + 1023) / 1024)} END {print n}')
cat >"$root/DEBIAN/control" <<END
Package: $package
Version: $revision
Architecture: $(dpkg --print-architecture)
Maintainer: $author
Installed-Size: $size
Depends: $depends
Section: science
Priority: optional
Description: workbench for knowledge distillation by FSP matrices
 Trains small image classifiers by transfer from a teacher, by the flow of
 solution procedure (FSP), and searches over the parameters of the transfer by
 grid or by Bayesian optimisation.
 .
 A study runs in a process of its own, in the terminal or without one; any
 number of terminals may watch its curves and matrices, tune it while it runs,
 and come back later. Everything measured is kept in an SQLite store.
END
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -print | sed 's|^\./||' | LC_ALL=C sort | xargs -d '\n' md5sum) \
    >"$root/DEBIAN/md5sums"
find "$root" -print0 | xargs -0r touch -h -d "@$SOURCE_DATE_EPOCH"

mkdir -p "$out"
deb=$out/${package}_${revision}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group --build "$root" "$deb" >/dev/null
echo "wrote $deb"
