#!/bin/sh
# Makes the file system of a container that holds pqmap and nothing else: rootfs.sh BUILD FOLDER. Called by `make image`.
# No shell, no package manager: the program, the loader, the libraries it is linked to and those it loads when they are
# needed, the host's authorities, and an account that is nobody.
set -eu
build=$1 root=$2
rm -rf "$root"
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/work"
chmod 1777 "$root/tmp"
cp "$build/pqmap" "$root/usr/bin/pqmap"
strip --strip-unneeded "$root/usr/bin/pqmap"
copy() { # a library or loader, at its own place
	mkdir -p "$root$(dirname "$1")"
	[ -e "$root$1" ] || cp -L "$1" "$root$1"
}
libs_of() { ldd "$1" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p'; }
find_lib() { ldconfig -p 2>/dev/null | sed -n "s|^[[:space:]]*$1 .*=> ||p" | head -1; }
for f in $(libs_of "$build/pqmap"); do copy "$f"; done
# Loaded by name: what is not here is not there either, and the program says so when it is asked for.
for name in libarchive.so.13 libcurl.so.4 libgit2.so.1.5 liblzma.so.5 libsqlite3.so.0 libnss_dns.so.2 libnss_files.so.2; do
	f=$(find_lib "$name")
	[ -n "$f" ] || { echo "rootfs.sh: $name is not installed; the image goes without" >&2; continue; }
	copy "$f"
	for g in $(libs_of "$f"); do copy "$g"; done
done
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'nonroot:x:65532:65532::/work:/sbin/nologin' >"$root/etc/passwd"
echo 'nonroot:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
du -sh "$root" | cut -f1
