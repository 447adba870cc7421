#!/bin/sh
# Prints C that embeds files: embed.sh TABLE DIR GLOB [TABLE DIR GLOB …]. Called by the Makefile.
set -eu
LC_ALL=C
export LC_ALL
echo '#include "base/embed.h"'
while [ $# -ge 3 ]; do
	files=$(find "$2" -type f -name "$3" | sort)
	i=0
	for f in $files; do
		printf '__asm__(".section .rodata\\n%s_%d: .incbin \\"%s\\"\\n.byte 0\\n.previous");\n' "$1" $i "$f"
		printf 'extern const unsigned char %s_%d[];\n' "$1" $i
		i=$((i + 1))
	done
	echo "const struct pqm_embed pqm_embed_$1[] = {"
	i=0
	for f in $files; do
		printf '\t{ "%s", %s_%d, %d },\n' "${f#"$2"/}" "$1" $i "$(wc -c <"$f")"
		i=$((i + 1))
	done
	printf '\t{ 0, 0, 0 },\n};\n'
	shift 3
done
