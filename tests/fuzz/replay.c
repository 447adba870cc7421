/* replay.c — runs a fuzz target over the files named, without a fuzzer. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *p = malloc((size_t)1 << 22);

		if (f == NULL || p == NULL)
			return 1;
		size_t n = fread(p, 1, (size_t)1 << 22, f);
		/* An exact copy, so that one byte too far is seen. */
		uint8_t *exact = malloc(n == 0 ? 1 : n);

		if (exact == NULL)
			return 1;
		for (size_t k = 0; k < n; k++)
			exact[k] = p[k];
		(void)LLVMFuzzerTestOneInput(exact, n);
		free(exact);
		free(p);
		(void)fclose(f);
	}
	return 0;
}
