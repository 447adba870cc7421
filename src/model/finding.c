#include "finding.h"

#include <stdio.h>

#include "names.h"

static const char *const meanings[] = { "use", "offer", "key", "cert", "config", "absent" };
static const char *const functions[] = { "any", "kex", "pke", "sig", "cipher", "hash", "mac",
	"kdf" };
static const char *const quanta[] = { "broken", "hybrid", "safe", "unknown" };
static const char *const classicals[] = { "ok", "deprecated", "broken" };
static const char *const evidences[] = { "negotiated", "parsed", "configured", "linked", "hinted" };
static const char *const bases[] = { "", "+default", "+implied", "+absent" };

const char *pqm_meaning_name(enum pqm_meaning v)
{
	return meanings[v];
}

const char *pqm_function_name(enum pqm_function v)
{
	return functions[v];
}

const char *pqm_quantum_name(enum pqm_quantum v)
{
	return quanta[v];
}

const char *pqm_classical_name(enum pqm_classical v)
{
	return classicals[v];
}

const char *pqm_evidence_name(enum pqm_evidence v)
{
	return evidences[v];
}

const char *pqm_basis_suffix(enum pqm_basis v)
{
	return bases[v];
}

PQM_NAME_PARSER(pqm_meaning_parse, enum pqm_meaning, meanings)
PQM_NAME_PARSER(pqm_function_parse, enum pqm_function, functions)
PQM_NAME_PARSER(pqm_quantum_parse, enum pqm_quantum, quanta)
PQM_NAME_PARSER(pqm_classical_parse, enum pqm_classical, classicals)

bool pqm_evidence_parse(pqm_bytes s, enum pqm_evidence *out, enum pqm_basis *basis)
{
	size_t plus = pqm_find_byte(s, 0, '+');
	unsigned e, b = 0;

	if (!pqm_name_find(
		    pqm_sub(s, 0, plus), evidences, sizeof(evidences) / sizeof(evidences[0]), &e))
		return false;
	if (plus != SIZE_MAX &&
		!pqm_name_find(pqm_sub(s, plus, s.n), bases, sizeof(bases) / sizeof(bases[0]), &b))
		return false;
	*out = (enum pqm_evidence)e;
	*basis = (enum pqm_basis)b;
	return true;
}

void pqm_found_attr(struct pqm_found *f, const char *key, pqm_bytes value)
{
	if (value.n == 0 || f->n_attrs >= PQM_ATTRS_MAX)
		return;
	f->attrs[f->n_attrs++] = (struct pqm_attr){ pqm_str(key), value };
}

pqm_bytes pqm_occ_attr(const struct pqm_occurrence *o, const char *key)
{
	for (size_t i = 0; i < o->n_attrs; i++)
		if (pqm_eqs(o->attrs[i].key, key))
			return o->attrs[i].value;
	return (pqm_bytes){ NULL, 0 };
}

void pqm_finding_id(uint8_t id[PQM_ID_BYTES], const struct pqm_found *f)
{
	uint8_t digest[PQM_SHA256_BYTES];
	const pqm_bytes parts[] = {
		f->rule,
		pqm_str(pqm_meaning_name(f->meaning)),
		f->family,
		f->parameter,
		f->identity,
	};

	pqm_sha256_parts(digest, parts, sizeof(parts) / sizeof(parts[0]));
	memcpy(id, digest, PQM_ID_BYTES);
}

void pqm_id_hex(char out[2 * PQM_ID_BYTES + 1], const uint8_t id[PQM_ID_BYTES])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < PQM_ID_BYTES; i++) {
		out[2 * i] = hex[id[i] >> 4];
		out[2 * i + 1] = hex[id[i] & 15];
	}
	out[2 * PQM_ID_BYTES] = '\0';
}

bool pqm_occ_line(char out[48], const struct pqm_occurrence *o)
{
	uint32_t line = o->line != 0 ? o->line : o->text_line;

	(void)snprintf(out, 48, "%u:%u", line, o->line != 0 ? o->col : o->text_col);
	return line != 0;
}

void pqm_occ_place(char out[48], const struct pqm_occurrence *o)
{
	if (o->line != 0)
		(void)snprintf(out, 48, "%u:%u", o->line, o->col);
	else
		(void)snprintf(out, 48, "%llu", (unsigned long long)o->off);
}
