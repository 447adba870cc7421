/* bench_json.c — a run as JSON: reports/schema/bench.schema.json. */
#include <math.h>
#include <string.h>

#include "bench_peer.h"

/* Our texts are ASCII of our own, or come from /proc and a path: quotes and controls are replaced. */
static void text(FILE *f, const char *s)
{
	(void)fputc('"', f);
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			(void)fprintf(f, "\\%c", c);
		else
			(void)fputc(c < 0x20 || c > 0x7e ? '?' : c, f);
	}
	(void)fputc('"', f);
}

static void member(FILE *f, const char *key, const char *value, const char *end)
{
	(void)fprintf(f, "\"%s\": ", key);
	text(f, value);
	(void)fputs(end, f);
}

static void host(const struct bench *b, const struct bench_host *h, FILE *f)
{
	const struct bench_peer *lc = bench_libcrypto(b);

	(void)fputs(" \"host\": { ", f);
	member(f, "name", h->name, ", ");
	member(f, "cpu", h->cpu, ", ");
	(void)fprintf(f, "\"cores\": %u, ", h->n_cores);
	member(f, "level", hyb_cpu_name(b->cpu), ", ");
	member(f, "governor", h->governor, ", ");
	member(f, "load", h->load, " },\n ");
	member(f, "compiler", h->compiler, ",\n ");
	member(f, "libcrypto", lc != NULL ? lc->name : "none", ",\n ");
	member(f, "backend", hyb_backend_get() == HYB_BACKEND_OPENSSL ? "openssl" : "native",
		",\n ");
	if (b->against != NULL)
		member(f, "against", b->peer[1].name[0] != '\0' ? b->peer[1].name : "nothing",
			",\n ");
}

static void row(const struct bench_row *r, FILE *f)
{
	(void)fputs("  { ", f);
	member(f, "id", r->id, ", ");
	member(f, "family", r->family, ", ");
	member(f, "algorithm", r->algorithm, ", ");
	member(f, "operation", r->operation, ", ");
	member(f, "impl", r->impl, ", ");
	if (r->level[0] != '\0')
		member(f, "level", r->level, ", ");
	(void)fprintf(f,
		"\"in_use\": %s, \"min_ns\": %.1f, \"p25_ns\": %.1f, \"median_ns\": %.1f, "
		"\"p90_ns\": %.1f, \"ops_s\": %.1f, ",
		r->is_in_use ? "true" : "false", r->min_ns, r->p25_ns, r->median_ns, r->p90_ns,
		1e9 / r->p25_ns);
	if (r->bytes > 0)
		(void)fprintf(f, "\"bytes\": %zu, \"gb_s\": %.4f, ", r->bytes,
			(double)r->bytes / r->p25_ns);
	if (r->pk_bytes > 0)
		(void)fprintf(f, "\"pk_bytes\": %zu, ", r->pk_bytes);
	if (r->out_bytes > 0)
		(void)fprintf(f, "\"out_bytes\": %zu, ", r->out_bytes);
	if (r->stack_bytes > 0)
		(void)fprintf(f, "\"stack_bytes\": %zu, ", r->stack_bytes);
	if (r->baseline[0] != '\0') {
		member(f, "baseline", r->baseline, ", ");
		(void)fprintf(f, "\"ratio\": %.3f, \"ratio_lo\": %.3f, \"ratio_hi\": %.3f, ",
			r->ratio, r->ratio_lo, r->ratio_hi);
	}
	(void)fprintf(f, "\"samples\": %zu, \"batch\": %zu }", r->n_samples, r->batch);
}

static void handshake(const struct bench_handshake *h, FILE *f)
{
	(void)fputs("  { ", f);
	member(f, "suite", h->suite, ", ");
	if (h->missing != NULL)
		member(f, "missing", h->missing, " }");
	else
		(void)fprintf(f,
			"\"client_us\": %.2f, \"server_us\": %.2f, \"client_bytes\": %zu, "
			"\"server_bytes\": %zu }",
			h->client_us, h->server_us, h->client_bytes, h->server_bytes);
}

void bench_write_json(const struct bench *b, const struct bench_host *h,
	const struct bench_handshake *hs, size_t n_hs, FILE *f)
{
	(void)fputs("{\n \"schema\": \"pqmap.bench\",\n \"schema_version\": 1,\n ", f);
	member(f, "tool_version", b->version, ",\n ");
	member(f, "commit", h->commit, ",\n ");
	member(f, "date", b->date, ",\n ");
	member(f, "mode", b->is_full ? "full" : "quick", ",\n");
	host(b, h, f);
	(void)fputs("\"rows\": [\n", f);
	for (size_t i = 0; i < b->n_rows; i++) {
		row(&b->row[i], f);
		(void)fputs(i + 1 < b->n_rows ? ",\n" : "\n", f);
	}
	(void)fputs(" ],\n \"missing\": [", f);
	for (size_t i = 0; i < b->n_missing; i++) {
		(void)fputs(i > 0 ? ", " : " ", f);
		text(f, b->missing[i]);
	}
	(void)fputs(b->n_missing > 0 ? " ]" : "]", f);
	if (n_hs > 0) {
		(void)fputs(",\n \"handshakes\": [\n", f);
		for (size_t i = 0; i < n_hs; i++) {
			handshake(&hs[i], f);
			(void)fputs(i + 1 < n_hs ? ",\n" : "\n ]", f);
		}
	}
	(void)fputs("\n}\n", f);
}
