/* bench_text.c — a run for people: what machine, then a table a family, then what dominates. */
#include <string.h>

#include "bench_peer.h"

#define CELL 336 /* the text of any double */

/* Nanoseconds with a unit, always eight columns: "12.34 us". */
static const char *span(char out[CELL], double ns)
{
	const char *unit = "ns";

	if (ns >= 1e6) {
		ns /= 1e6;
		unit = "ms";
	} else if (ns >= 1e3) {
		ns /= 1e3;
		unit = "us";
	}
	(void)snprintf(out, CELL, "%.*f %s", ns < 10 ? 2 : ns < 100 ? 1 : 0, ns, unit);
	return out;
}

static void machine(const struct bench *b, const struct bench_host *h, FILE *f)
{
	const struct bench_peer *lc = bench_libcrypto(b);

	(void)fprintf(f,
		"host       %s, %u cores, governor %s, load %s\n"
		"processor  %s; code for %s\n"
		"compiler   %s\n"
		"libcrypto  %s\n"
		"backend    %s for ML-KEM, ML-DSA, SLH-DSA\n"
		"program    %s %s, %s, %s\n",
		h->name, h->n_cores, h->governor, h->load, h->cpu, hyb_cpu_name(b->cpu),
		h->compiler, lc != NULL ? lc->name : "none",
		hyb_backend_get() == HYB_BACKEND_OPENSSL ? "openssl" : "native", b->version,
		h->commit, b->is_full ? "full" : "quick", b->date);
	if (b->against != NULL)
		(void)fprintf(f, "against    %s (%s)\n",
			b->peer[1].name[0] != '\0' ? b->peer[1].name : "nothing", b->against);
}

static void rate(char out[CELL], const struct bench_row *r)
{
	if (r->bytes > 0)
		(void)snprintf(out, CELL, "%.2f GB/s", (double)r->bytes / r->p25_ns);
	else
		(void)snprintf(out, CELL, "%.0f", 1e9 / r->p25_ns);
}

static void line(const struct bench_row *r, FILE *f)
{
	char t[4][CELL], per_s[CELL], bytes[64] = "-", stack[CELL] = "-";
	char ratio[4 * CELL] = "", impl[64];

	rate(per_s, r);
	if (r->out_bytes > 0 || r->pk_bytes > 0)
		(void)snprintf(bytes, sizeof(bytes), "%zu/%zu", r->pk_bytes, r->out_bytes);
	if (r->stack_bytes > 0)
		(void)snprintf(stack, sizeof(stack), "%.1f k", (double)r->stack_bytes / 1024);
	if (r->baseline[0] != '\0')
		(void)snprintf(ratio, sizeof(ratio), "%.2fx %.30s [%.2f-%.2f]", r->ratio,
			r->baseline, r->ratio_lo, r->ratio_hi);
	(void)snprintf(
		impl, sizeof(impl), "%.24s%s%s", r->impl, r->level[0] != '\0' ? " " : "", r->level);
	(void)fprintf(f, "%-34.34s %-15s %-26.26s %9s %9s %9s %9s %11s %15s %9s  %s\n",
		r->algorithm, r->operation, impl, span(t[0], r->min_ns), span(t[1], r->p25_ns),
		span(t[2], r->median_ns), span(t[3], r->p90_ns), per_s, bytes, stack, ratio);
}

static void tables(const struct bench *b, FILE *f)
{
	const char *family = "";

	for (size_t i = 0; i < b->n_rows; i++) {
		if (strcmp(b->row[i].family, family) != 0) {
			family = b->row[i].family;
			(void)fprintf(f, "\n%-50s %-26s %9s %9s %9s %9s %11s %15s %9s  %s\n",
				family, "implementation", "min", "p25", "median", "p90", "a second",
				"key/out bytes", "stack", "times faster than");
		}
		line(&b->row[i], f);
	}
}

/* A hybrid operation and the rows of its classical half; the rest is post-quantum and combiner. */
struct halves {
	const char *id, *words, *classical[2];
};

static const struct halves halves[] = {
	{ "x-wing.encaps", "X-Wing encapsulation", { "x25519.keygen", "x25519.derive" } },
	{ "x-wing.decaps", "X-Wing decapsulation", { "x25519.derive", NULL } },
	{ "mlkem768-p256.encaps", "MLKEM768-P256 encapsulation",
		{ "ecdh-p256.keygen", "ecdh-p256.derive" } },
	{ "mlkem1024-p384.encaps", "MLKEM1024-P384 encapsulation",
		{ "ecdh-p384.keygen", "ecdh-p384.derive" } },
	{ "mlkem1024-p384.decaps", "MLKEM1024-P384 decapsulation", { "ecdh-p384.derive", NULL } },
	{ "x25519-mlkem1024-hkdf-sha384.encaps", "X25519 + ML-KEM-1024 encapsulation",
		{ "x25519.keygen", "x25519.derive" } },
	{ "mldsa87-ecdsa-p384-sha512.sign", "MLDSA87-ECDSA-P384 signing",
		{ "ecdsa-p384.sign", NULL } },
	{ "mldsa87-ecdsa-p384-sha512.verify", "MLDSA87-ECDSA-P384 verification",
		{ "ecdsa-p384.verify", NULL } },
	{ "mldsa65-ecdsa-p256-sha512.sign", "MLDSA65-ECDSA-P256 signing",
		{ "ecdsa-p256.sign", NULL } },
	{ "mldsa65-ecdsa-p256-sha512.verify", "MLDSA65-ECDSA-P256 verification",
		{ "ecdsa-p256.verify", NULL } },
	{ "mldsa65-ed25519-sha512.sign", "MLDSA65-Ed25519 signing", { "ed25519.sign", NULL } },
	{ "mldsa65-ed25519-sha512.verify", "MLDSA65-Ed25519 verification",
		{ "ed25519.verify", NULL } },
};

static void dominates(const struct bench *b, FILE *f)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		const struct bench_row *r = bench_find(b, halves[i].id), *c;
		double sum = 0;
		bool all = r != NULL;
		char t[CELL], s[CELL];

		for (unsigned k = 0; k < 2 && halves[i].classical[k] != NULL; k++) {
			c = bench_find(b, halves[i].classical[k]);
			all = all && c != NULL;
			sum += c != NULL ? c->p25_ns : 0;
		}
		if (!all)
			continue;
		sum = sum < r->p25_ns ? sum : r->p25_ns;
		if (!any)
			(void)fputs("\nwhat dominates\n", f);
		any = true;
		(void)fprintf(f, "%s: %s of %s (%.0f %%) is the classical half%s\n",
			halves[i].words, span(t, sum), span(s, r->p25_ns), 100 * sum / r->p25_ns,
			sum > r->p25_ns / 2 ? "" : "; the post-quantum half is the larger");
	}
}

void bench_write_text(const struct bench *b, const struct bench_host *h, FILE *f)
{
	machine(b, h, f);
	tables(b, f);
	dominates(b, f);
	for (size_t i = 0; i < b->n_missing; i++)
		(void)fprintf(f, "%s%s\n", i == 0 ? "\nnot measured\n" : "", b->missing[i]);
}
