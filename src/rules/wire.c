#include "wire.h"

#include <stdlib.h>

#include "base/num.h"
#include "rules/wire_int.h"

const char *pqm_wire_file(enum pqm_wire_kind kind)
{
	static const char *const files[] = { "tls/groups.yaml", "tls/suites.yaml",
		"tls/schemes.yaml", "tls/versions.yaml", "ssh/kex.yaml", "ssh/hostkeys.yaml",
		"ssh/ciphers.yaml", "ssh/macs.yaml", "endpoints/ike.yaml" };

	return files[kind];
}

bool pqm_wire_has_codes(enum pqm_wire_kind kind)
{
	return kind <= PQM_W_VERSION || kind == PQM_W_IKE;
}

uint32_t pqm_wire_key(const struct pqm_wire *w)
{
	return w->code.code | (uint32_t)w->code.aux << 16;
}

pqm_bytes pqm_wire_lower(char *out, pqm_bytes name)
{
	if (name.n >= WIRE_NAME_BYTES)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	return (pqm_bytes){ (const uint8_t *)out, name.n };
}

bool pqm_wire_number(pqm_bytes text, uint32_t *out)
{
	uint64_t v = 0;

	if (!pqm_starts(text, PQM_LIT("0x"))) {
		if (!pqm_u64_parse(text, 0xffffff, &v))
			return false;
		*out = (uint32_t)v;
		return true;
	}
	if (text.n < 3 || text.n > 8)
		return false;
	for (size_t i = 2; i < text.n; i++) {
		int digit = pqm_hex_digit(text.p[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*out = (uint32_t)v;
	return true;
}

static int by_key(const void *key, const void *at)
{
	uint32_t a = *(const uint32_t *)key, b = pqm_wire_key(*(const struct pqm_wire *const *)at);

	return (a > b) - (a < b);
}

const struct pqm_wire *pqm_wire_code(
	const struct pqm_rules *r, enum pqm_wire_kind kind, uint32_t code)
{
	const struct pqm_wire_list *l = &r->wires->list[kind];
	const struct pqm_wire *const *hit = l->n == 0 || !pqm_wire_has_codes(kind)
		? NULL
		: bsearch(&code, l->by_code, l->n, sizeof(*l->by_code), by_key);

	return hit == NULL ? NULL : *hit;
}

const struct pqm_wire *pqm_wire_name(
	const struct pqm_rules *r, enum pqm_wire_kind kind, pqm_bytes name)
{
	const struct pqm_wire_list *l = &r->wires->list[kind];
	char buf[WIRE_NAME_BYTES];
	pqm_bytes low = pqm_wire_lower(buf, name);
	const struct pqm_wire *w = low.n == 0 ? NULL : pqm_map_get(&l->by_name, low);

	for (size_t i = 0; w == NULL && low.n > 0 && i < l->n_globs; i++)
		if (pqm_glob(l->glob[i]->name, name))
			w = l->glob[i];
	return w;
}

const struct pqm_probe_code *pqm_wire_table(
	const struct pqm_rules *r, enum pqm_wire_kind kind, size_t *n)
{
	const struct pqm_wire_list *l = &r->wires->list[kind];

	*n = l->code == NULL ? 0 : l->n;
	return l->code;
}

bool pqm_wire_rule_takes(const struct pqm_rules *r, const struct pqm_rule *rule, pqm_bytes sample)
{
	for (unsigned k = 0; k < PQM_W_N; k++) {
		enum pqm_wire_kind kind = (enum pqm_wire_kind)k;
		const struct pqm_wire *w;
		uint32_t code;

		if (!pqm_eqs(rule->file, pqm_wire_file(kind)))
			continue;
		w = pqm_wire_has_codes(kind) && pqm_wire_number(sample, &code)
			? pqm_wire_code(r, kind, code)
			: pqm_wire_name(r, kind, sample);
		return w != NULL && w->rule == rule;
	}
	return false;
}

void pqm_wires_free(struct pqm_wires *w)
{
	if (w == NULL)
		return;
	for (size_t k = 0; k < PQM_W_N; k++)
		pqm_map_fini(&w->list[k].by_name);
	pqm_arena_fini(&w->arena);
	pqm_free(w);
}
