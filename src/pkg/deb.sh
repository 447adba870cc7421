#!/bin/sh
# Makes a Debian package of the program: deb.sh BUILD VERSION. Called by `make deb`, after a build.
set -eu
build=$1 version=$2
arch=$(dpkg --print-architecture)
root=$build/deb/pqmap
rm -rf "$build/deb"
mkdir -p "$root/DEBIAN" "$build/deb/debian"
make -s install-program DESTDIR="$PWD/$root" PREFIX=/usr >&2
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/pqmap"
find "$root/usr/share/man" -type f -exec gzip -9n {} +
doc=$root/usr/share/doc/pqmap
mkdir -p "$doc"
cat >"$doc/copyright" <<EOF
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: pqmap

Files: *
Copyright: 2026 The pqmap authors
License: Apache-2.0
 On Debian systems the text of this licence is in
 /usr/share/common-licenses/Apache-2.0.
EOF
cat >"$build/deb/changelog" <<EOF
pqmap ($version) unstable; urgency=medium

  * Release $version.

 -- The pqmap authors <maintainers@pqmap.dev>  $(date -u -R -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}")
EOF
gzip -9nc "$build/deb/changelog" >"$doc/changelog.gz"
# What is loaded when it is first needed has no place in the program's own list of libraries.
printf 'Source: pqmap\n\nPackage: pqmap\nArchitecture: any\n' >"$build/deb/debian/control"
depends=$(cd "$build/deb" && dpkg-shlibdeps -O pqmap/usr/bin/pqmap 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
cat >"$root/DEBIAN/control" <<EOF
Package: pqmap
Version: $version
Architecture: $arch
Maintainer: The pqmap authors <maintainers@pqmap.dev>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: $depends
Recommends: ca-certificates, libarchive13, libcurl4, libgit2-1.5, libsqlite3-0
Section: utils
Priority: optional
Description: find quantum-vulnerable cryptography around AI workloads
 pqmap walks files, container images, Kubernetes manifests and clusters, git
 repositories, certificates, keys and endpoints. It ties the use of RSA, ECC
 and DH to AI assets, scores the risk of harvest now, decrypt later for each
 of them, and writes a phased migration plan. In continuous integration its
 gate fails on what is new.
EOF
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -type d -exec chmod 755 {} +
dpkg-deb --root-owner-group --build "$root" "$build/pqmap_${version}_$arch.deb" >/dev/null
echo "$build/pqmap_${version}_$arch.deb"
