#!/bin/bash
# Cross-compiles for arm64 and tries the result: arm64.sh BUILD. Called by `make arm64`, after a build of this machine.
# Needs gcc-aarch64-linux-gnu and the network once: Debian's arm64 libraries and qemu-user are unpacked below BUILD; nothing
# is installed, and the machine gets no second architecture. Says "skip" where one of them cannot be had.
set -eu -o pipefail
build=$1
root=$PWD/$build/arm64-root qemu=$PWD/$build/arm64-qemu out=$build/arm64-build
skip() { echo "skip - arm64: $1"; exit 0; }
command -v aarch64-linux-gnu-gcc >/dev/null || skip "no aarch64-linux-gnu-gcc (Debian: gcc-aarch64-linux-gnu)"

fetch() ( # Debian's packages for arm64, with all that they need, by lists of their own
	new=$root.new
	rm -rf "$new"
	mkdir -p "$new/lists/partial" "$new/cache/archives/partial" "$new/fs" "$new/deb"
	: >"$new/status"
	patience=(-o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10 -o Acquire::Retries=1 -o APT::Sandbox::User=root)
	apt=(timeout 300 apt-get -q "${patience[@]}" -o APT::Architecture=arm64 -o APT::Architectures::=arm64
		-o Dir::State::Lists="$new/lists" -o Dir::Cache="$new/cache" -o Dir::State::status="$new/status" -o APT::Install-Recommends=false)
	"${apt[@]}" update
	"${apt[@]}" install -y --download-only libc6-dev libgcc-12-dev libelf-dev libssl-dev libcjson-dev libyaml-dev libxxhash-dev \
		zlib1g-dev libcurl4-openssl-dev libarchive-dev libsqlite3-dev libgit2-dev
	(cd "$new/deb" && timeout 300 apt-get -q "${patience[@]}" download qemu-user-static)
	for deb in "$new"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$new/fs"; done
	dpkg-deb -x "$new"/deb/qemu-user-static*.deb "$new/qemu"
	rm -rf "$root" "$qemu"
	mkdir -p "$qemu"
	mv "$new/qemu/usr/bin/qemu-aarch64-static" "$qemu/qemu-aarch64"
	mv "$new/fs" "$root"
	rm -rf "$new"
)
if [ ! -e "$root/.done" ]; then
	fetch >"$build/arm64.log" 2>&1 || skip "its packages cannot be had: $(tail -1 "$build/arm64.log")"
	touch "$root/.done"
fi

# The root's own C library; the compiler is this machine's.
lib=usr/lib/aarch64-linux-gnu
export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/$lib/pkgconfig:$root/usr/share/pkgconfig
cc="aarch64-linux-gnu-gcc --sysroot=$root -isystem $root/usr/include/aarch64-linux-gnu -isystem $root/usr/include"
cc="$cc -B$root/$lib -L$root/$lib -L$root/lib/aarch64-linux-gnu -Wl,-rpath-link,$root/$lib:$root/lib/aarch64-linux-gnu"
run="$qemu/qemu-aarch64 -L $root"
tests=(test_mlkem test_mldsa)
make -s -j"${JOBS:-$(nproc)}" B="$out" CC="$cc" WERROR=-Werror RUN="$run" "$out/pqmap" "$out/libhyb.a" "$out/libhyb.so" \
	"${tests[@]/#/$out/hybtest/}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
here=$PWD/$build/pqmap there="$run $PWD/$out/pqmap" failed=0
export HOME=$tmp XDG_CACHE_HOME=$tmp/cache
try() { # words, command
	words=$1
	shift
	if "$@" >"$tmp/said" 2>&1; then echo "ok - arm64: $words"; else
		echo "not ok - arm64: $words"
		tail -5 "$tmp/said"
		failed=1
	fi
}
try "it is a program for arm64" sh -c "file -b '$out/pqmap' | grep -q aarch64 || readelf -h '$out/pqmap' | grep -q AArch64"
try "version" $there version
try "every rule on its own samples" $there rules check rules
for format in json html cbom sarif csv; do
	"$here" scan fixtures/cluster --now 2026-11-21 --regime us-eo-14412 -q -o "$format=$tmp/here" >/dev/null 2>&1
	$there scan fixtures/cluster --now 2026-11-21 --regime us-eo-14412 -q -o "$format=$tmp/there" >/dev/null 2>&1
	try "a cluster as $format: the same bytes as here" cmp "$tmp/here" "$tmp/there"
done
head -c 3000000 /dev/urandom >"$tmp/plain"
for pair in "here there" "there here"; do
	set -- $pair
	a=${!1} b=${!2}
	rm -f "$tmp"/k* "$tmp"/s* "$tmp"/back
	try "keys made $1" $a keygen --out "$tmp/k"
	try "sealed $1" $a seal --to "$tmp/k.pub" --out "$tmp/sealed" "$tmp/plain"
	try "opened $2" $b open --allow-unsigned --key "$tmp/k" --out "$tmp/back" "$tmp/sealed"
	try "and it is the same" cmp "$tmp/plain" "$tmp/back"
	try "a signing key made $1" $a keygen --for sign --out "$tmp/sk"
	try "signed $1" $a sign --key "$tmp/sk" --out "$tmp/sig" "$tmp/plain"
	try "verified $2" $b verify --key "$tmp/sk.pub" --signature "$tmp/sig" "$tmp/plain"
	if [ "$2" = there ]; then
		printf x >>"$tmp/plain"
		try "a changed file is refused $2" sh -c "! $b verify --key '$tmp/sk.pub' --signature '$tmp/sig' '$tmp/plain'"
	fi
done
for t in "${tests[@]}"; do try "$t: published vectors" $run "$PWD/$out/hybtest/$t"; done
exit $failed
