#!/usr/bin/env bash
# `make install` into an empty root, what is there afterwards and that it works from there, `make uninstall`, and a Debian
# package of it. Nothing outside a scratch folder is written. BUILD: the build folder whose program is installed.
set -u
build=${BUILD:-build/release}
prefix=$(cat "$build/prefix") || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
ok() { echo "ok: $1"; }
bad() { failed=1; echo "FAILED: $1"; sed 's/^/    /' "$work/log" | tail -8; }
run_make() { make --no-print-directory VARIANT="${build##*/}" PREFIX="$prefix" DESTDIR="$work/root" "$@" >"$work/log" 2>&1; }

umask 022
if run_make install; then ok install; else bad install; exit 1; fi
at=$work/root$prefix
version=$(sed -n 's/^#define FSPLAB_VERSION "\(.*\)"/\1/p' src/base.h)
while read -r mode file; do
    [ "$(stat -c %a "$at/$file" 2>&1)" = "$mode" ] || bad "$file: $(stat -c %a "$at/$file" 2>&1), not mode $mode"
done <<'FILES'
755 bin/fsplab
644 share/man/man1/fsplab.1
644 share/fsplab/experiments.ini
644 share/fsplab/themes/dark.theme
644 share/fsplab/themes/light.theme
644 share/bash-completion/completions/fsplab
644 share/zsh/site-functions/_fsplab
644 share/fish/vendor_completions.d/fsplab.fish
644 share/doc/fsplab/README.md
644 share/doc/fsplab/CHANGELOG.md
644 share/doc/fsplab/LICENSE
644 share/doc/fsplab/KEYS.md
FILES
ok 'files and their modes'
n=$(find "$work/root" -type f | grep -vc "^$at/\(bin/\|share/\|lib/fsplab/fsplab-cuda\.so$\)")
if [ "$n" = 0 ]; then ok 'nothing elsewhere'; else bad "$n files outside bin, share and lib/fsplab"; fi

if [ "$(cd "$work" && "$at/bin/fsplab" --version)" = "fsplab $version" ]; then ok 'the version is that of base.h'; else bad 'another version'; fi
if head -3 "$at/share/man/man1/fsplab.1" | grep -qF "fsplab $version"; then ok 'and of the man page'; else bad 'the man page has another version'; fi
for word in '@' 'finetune_steps' 'look at the next trial'; do
    n=$(grep -cF -- "$word" "$at/share/man/man1/fsplab.1")
    case $word$n in
    @0 | [!@]*[1-9]*) ;;
    *) bad "the man page has '$word' $n times" ;;
    esac
done
if command -v man >/dev/null; then
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -l "$at/share/man/man1/fsplab.1" 2>"$work/log" >/dev/null
    if [ -s "$work/log" ]; then bad 'the man page has warnings'; else ok 'man is content with its page'; fi
fi
cat >"$work/c.sh" <<'SH'
source "$1/share/bash-completion/completions/fsplab"
COMP_LINE='fsplab doc' COMP_POINT=10
_fsplab "$1/bin/fsplab"
echo "${COMPREPLY[*]}"
SH
if [ "$(bash "$work/c.sh" "$at")" = doctor ]; then ok 'completion finds the program'; else bad 'completion'; fi

# ---- a package of it: deb.sh wants /usr ----
if command -v dpkg-deb >/dev/null && command -v dpkg-shlibdeps >/dev/null && command -v strip >/dev/null; then
    mkdir -p "$work/deb/root/usr" && cp -a "$at/." "$work/deb/root/usr/"
    if DEBFULLNAME='A Tester' DEBEMAIL=tester@debian.org SOURCE_DATE_EPOCH=1700000000 \
        assets/deb.sh "$work/deb/root" "$version" "$work/dist" >"$work/log" 2>&1; then
        ok 'deb.sh'
    else
        bad 'deb.sh'
    fi
    deb=$(echo "$work"/dist/*.deb)
    field() { dpkg-deb -f "$deb" "$1"; }
    if [ "$(field Version)" = "$version-1" ] && [ "$(field Maintainer)" = 'A Tester <tester@debian.org>' ]; then ok 'its fields'; else bad 'its fields'; fi
    case $(field Depends) in
    *libsqlite3-0*) ok 'it depends on its libraries' ;;
    *) case $build in *san) ;; *) bad "it depends on '$(field Depends)'" ;; esac ;;
    esac
    dpkg-deb -x "$deb" "$work/x" && dpkg-deb -e "$deb" "$work/e"
    if (cd "$work/x" && md5sum -c --quiet "$work/e/md5sums") >"$work/log" 2>&1; then ok 'its checksums'; else bad 'its checksums'; fi
    if [ "$("$work/x/usr/bin/fsplab" --version)" = "fsplab $version" ]; then ok 'its program runs'; else bad 'its program'; fi
    if command -v lintian >/dev/null && [ "${build##*/}" = release ]; then
        lintian --allow-root --fail-on error,warning "$deb" >"$work/log" 2>&1 && ok 'lintian has nothing to say' || bad lintian
    else
        echo 'skipped: no lintian'
    fi
else
    echo 'skipped: no dpkg-dev'
fi

if run_make uninstall && [ -z "$(find "$work/root" -type f)" ]; then ok uninstall; else bad "uninstall leaves $(find "$work/root" -type f | head -3)"; fi
exit $failed
