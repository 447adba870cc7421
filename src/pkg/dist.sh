#!/bin/sh
# Makes the program and all that it needs at run time into one archive: dist.sh BUILD VERSION. Called by `make dist`.
# Unpacked anywhere it runs: bin/pqmap starts the program by the loader and the libraries beside it, none of the machine's.
# Rules, templates and schemas are in the program. Two builds of one tree give the same bytes.
set -eu
build=$1 version=$2
machine=$(uname -m)
name=pqmap-$version-linux-$machine
root=$build/dist/$name
rm -rf "$build/dist"
mkdir -p "$root/bin" "$root/lib" "$root/licences"
make -s install-program DESTDIR="$PWD/$build/dist/install" PREFIX=/usr >&2
mv "$build/dist/install/usr/share" "$root/share"
cp "$build/dist/install/usr/bin/pqmap" "$root/lib/pqmap"
rm -rf "$build/dist/install"
strip --strip-unneeded "$root/lib/pqmap"
cp LICENSE README.md "$root/"
libs_of() { ldd "$1" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p'; }
find_lib() { ldconfig -p | sed -n "s|^[[:space:]]*$1 .*=> ||p" | head -1; }
copy() { # a library, with the licence that its package came with
	[ ! -e "$root/lib/${1##*/}" ] || return 0
	cp -L "$1" "$root/lib/${1##*/}"
	package=$(dpkg-query -S "$(readlink -f "$1")" "$1" 2>/dev/null | head -1 | cut -d: -f1)
	[ -n "$package" ] || package=$(dpkg-query -S "*/${1##*/}" 2>/dev/null | head -1 | cut -d: -f1)
	[ -n "$package" ] && cp -L "/usr/share/doc/$package/copyright" "$root/licences/$package" ||
		{ echo "dist.sh: no licence of $1 here; not shipped without" >&2; exit 1; }
}
for f in $(libs_of "$build/pqmap"); do copy "$f"; done
for soname in libarchive.so.13 libcurl.so.4 libgit2.so.1.5 liblzma.so.5 libsqlite3.so.0 libnss_dns.so.2 libnss_files.so.2; do
	f=$(find_lib "$soname")
	[ -n "$f" ] || { echo "dist.sh: $soname is not installed: it belongs into the archive" >&2; exit 1; }
	copy "$f"
	for g in $(libs_of "$f"); do copy "$g"; done
done
loader=$(basename "$(libs_of "$build/pqmap" | grep '/ld-')")
cat >"$root/bin/pqmap" <<EOF
#!/bin/sh
# The program, with the loader and the libraries that came with it.
here=\$0
while [ -L "\$here" ]; do
	to=\$(readlink "\$here")
	case \$to in /*) here=\$to ;; *) here=\${here%/*}/\$to ;; esac
done
case \$here in */*) ;; *) here=\$(command -v -- "\$here") ;; esac
lib=\${here%/*}/../lib
exec "\$lib/$loader" --inhibit-cache --library-path "\$lib" --argv0 pqmap "\$lib/pqmap" "\$@"
EOF
chmod 755 "$root/bin/pqmap" "$root/lib/pqmap" "$root/lib/$loader"
at=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
tar --sort=name --mtime="@$at" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=ustar -C "$build/dist" -cf - "$name" |
	gzip -9n >"$build/$name.tar.gz"
echo "$build/$name.tar.gz"
