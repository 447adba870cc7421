/* conf_sops.c — recipients of SOPS: .sops.yaml, and encrypted YAML, JSON, dotenv and INI files. */
#include "conf.h"

#include "base/buf.h"
#include "base/limits.h"

#define GROUPS_DEPTH_MAX 4 /* key_groups hold no further ones; a file may say otherwise */

struct walk {
	enum pqm_st (*see)(void *ctx, const struct pqm_conf_item *item);
	void *ctx;
	enum pqm_st st;
};

static void tell(struct walk *w, pqm_bytes name, const struct pqm_yaml *at, pqm_bytes value)
{
	struct pqm_conf_item item = {
		.name = name, .value = value, .line = at->line, .col = at->col, .off = at->off
	};

	if (w->st == PQM_OK && value.n > 0)
		w->st = w->see(w->ctx, &item);
}

/* "age: a, b" of .sops.yaml. */
static void tell_each(struct walk *w, pqm_bytes name, const struct pqm_yaml *at)
{
	pqm_bytes rest = pqm_yaml_text(at), part;

	while (rest.p != NULL && pqm_split(&rest, ',', &part))
		tell(w, name, at, pqm_trim(part));
}

/* One master key of an encrypted file, or of key_groups. */
static void master_key(struct walk *w, pqm_bytes kind, const struct pqm_yaml *key)
{
	static const char *const fields[] = { "recipient", "arn", "resource_id", "vault_url",
		"vaultUrl", "vault_address" };

	if (key->type == PQM_YAML_SCALAR) {
		tell_each(w, kind, key);
		return;
	}
	for (size_t i = 0; i < key->n && key->type == PQM_YAML_MAP; i++) {
		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			if (pqm_eqs(key->keys[i]->text, fields[k]))
				tell(w, kind, key->items[i], pqm_yaml_text(key->items[i]));
		if (pqm_eqs(kind, "pgp") && pqm_eqs(key->keys[i]->text, "enc"))
			tell(w, PQM_LIT("pgp-enc"), key->items[i], pqm_yaml_text(key->items[i]));
	}
}

static void groups(struct walk *w, const struct pqm_yaml *map, unsigned depth)
{
	if (map->type != PQM_YAML_MAP || depth > GROUPS_DEPTH_MAX)
		return;
	for (size_t i = 0; i < map->n; i++) {
		const struct pqm_yaml *v = map->items[i];
		pqm_bytes key = map->keys[i]->text;

		if (v->type == PQM_YAML_SCALAR)
			tell_each(w, key, v);
		for (size_t k = 0; k < v->n && v->type == PQM_YAML_SEQ; k++) {
			if (pqm_eqs(key, "key_groups"))
				groups(w, v->items[k], depth + 1);
			else
				master_key(w, key, v->items[k]);
		}
	}
}

static enum pqm_st see_doc(void *ctx, const struct pqm_yaml *root, struct pqm_err *err)
{
	static const char *const lists[] = { "creation_rules", "destination_rules" };
	struct walk *w = ctx;
	const struct pqm_yaml *sops = pqm_yaml_get(root, "sops");

	(void)err;
	/* Objects of Kubernetes are det_k8s.c's. */
	if (pqm_yaml_get(root, "apiVersion") != NULL && pqm_yaml_get(root, "kind") != NULL)
		return PQM_OK;
	if (sops != NULL)
		groups(w, sops, 0);
	for (size_t l = 0; l < 2; l++) {
		const struct pqm_yaml *rules = pqm_yaml_get(root, lists[l]);

		for (size_t i = 0; rules != NULL && rules->type == PQM_YAML_SEQ && i < rules->n;
			i++)
			groups(w, rules->items[i], 0);
	}
	return w->st;
}

/* "sops_age__list_0__map_recipient=age1…" of dotenv, without its prefix of INI. */
static void text_line(struct walk *w, const struct pqm_conf_item *at, pqm_bytes key)
{
	struct pqm_conf_item item = *at;
	size_t list, map;

	if (pqm_starts(key, PQM_LIT("sops_")))
		key = pqm_sub(key, 5, key.n);
	list = pqm_find(key, 0, PQM_LIT("__list_"));
	map = pqm_find(key, 0, PQM_LIT("__map_"));
	item.name = pqm_sub(key, 0, list);
	if (map != SIZE_MAX) {
		pqm_bytes field = pqm_sub(key, map + 6, key.n);

		if (pqm_eqs(item.name, "pgp") && pqm_eqs(field, "enc"))
			item.name = PQM_LIT("pgp-enc");
		else if (!pqm_eqs(field, "recipient") && !pqm_eqs(field, "arn") &&
			!pqm_eqs(field, "resource_id") && !pqm_eqs(field, "vault_url") &&
			!pqm_eqs(field, "vault_address"))
			return;
	}
	if (w->st == PQM_OK && item.value.n > 0)
		w->st = w->see(w->ctx, &item);
}

static void text_lines(struct walk *w, pqm_bytes text)
{
	struct pqm_conf_item at = { .line = 0 };
	bool is_sops = false;
	pqm_bytes line;

	while (text.p != NULL && pqm_split(&text, '\n', &line)) {
		size_t eq = pqm_find_byte(line, 0, '=');
		pqm_bytes key = pqm_trim(pqm_sub(line, 0, eq));

		at.line++;
		at.col = 1;
		if (pqm_starts(key, PQM_LIT("[")))
			is_sops = pqm_starts(key, PQM_LIT("[sops]"));
		if (eq == SIZE_MAX || (!is_sops && !pqm_starts(key, PQM_LIT("sops_"))))
			continue;
		at.value = pqm_trim(pqm_sub(line, eq + 1, line.n));
		text_line(w, &at, key);
	}
}

enum pqm_st pqm_conf_sops(const struct pqm_artifact *a,
	enum pqm_st (*see)(void *ctx, const struct pqm_conf_item *item), void *ctx)
{
	struct walk w = { see, ctx, PQM_OK };
	struct pqm_arena own;
	struct pqm_err why = { 0 };

	if (pqm_find(a->body, 0, PQM_LIT("sops_lastmodified")) != SIZE_MAX ||
		pqm_find(a->body, 0, PQM_LIT("[sops]")) != SIZE_MAX) {
		text_lines(&w, a->body);
		return w.st;
	}
	pqm_arena_init(&own, PQM_ARENA_BYTES);
	enum pqm_st st = pqm_yaml_docs(a->body, &own, see_doc, &w, &why);

	pqm_arena_wipe(&own);
	pqm_arena_fini(&own);
	return st == PQM_EPARSE || st == PQM_ELIMIT ? w.st : st;
}

/* The first bytes behind the armour's header lines, whose line ends dotenv writes as \n. */
static bool packet(struct pqm_buf *out, pqm_bytes armour)
{
	uint8_t text[64];
	size_t n = 0, i = pqm_find(armour, 0, PQM_LIT("MESSAGE-----")), bad;
	bool is_dotenv = pqm_find_byte(armour, 0, '\n') == SIZE_MAX;
	bool was_end = false, is_body = false;

	if (i == SIZE_MAX)
		return false;
	for (i += 12; i < armour.n && n < sizeof(text); i++) {
		bool is_end = armour.p[i] == '\n' ||
			(is_dotenv && armour.p[i] == '\\' && i + 1 < armour.n &&
				armour.p[i + 1] == 'n');

		i += is_end && is_dotenv;
		is_body = is_body || (is_end && was_end);
		if (is_body && !is_end && (armour.p[i] == '=' || armour.p[i] == '-'))
			break;
		if (is_body && !is_end && armour.p[i] > ' ')
			text[n++] = armour.p[i];
		was_end = is_end || (was_end && armour.p[i] <= ' ');
	}
	return pqm_base64(out, (pqm_bytes){ text, n & ~(size_t)3 }, &bad);
}

/* Algorithm and size in bits of the session key's packet [RFC9580 5.1]. */
static bool session_key(pqm_bytes p, unsigned *algorithm, unsigned *bits)
{
	size_t at = 1;

	if (p.n < 16 || (p.p[0] & 0x80) == 0)
		return false;
	if ((p.p[0] & 0x40) != 0) {
		if ((p.p[0] & 0x3f) != 1)
			return false;
		at += p.p[1] < 192 ? 1 : p.p[1] < 224 ? 2 : 5;
	} else {
		if ((p.p[0] >> 2 & 15) != 1 || (p.p[0] & 3) == 3)
			return false;
		at += (size_t)1 << (p.p[0] & 3);
	}
	if (at >= p.n || p.p[at] != 3)
		return false;
	at += 9; /* version, key id */
	if (at + 3 > p.n)
		return false;
	*algorithm = p.p[at];
	*bits = (unsigned)p.p[at + 1] << 8 | p.p[at + 2];
	return true;
}

bool pqm_conf_sops_pgp(pqm_bytes armour, pqm_bytes *name, unsigned *bits)
{
	unsigned algorithm = 0;
	struct pqm_buf b;
	bool ok;

	pqm_buf_init(&b, 128);
	ok = packet(&b, armour) && session_key(pqm_buf_bytes(&b), &algorithm, bits);
	pqm_buf_wipe(&b);
	*name = (pqm_bytes){ NULL, 0 };
	if (!ok)
		return false;
	if (algorithm >= 1 && algorithm <= 2) {
		*name = PQM_LIT("RSA");
		*bits = (*bits + 255) / 256 *
			256; /* of the number, which may be a little shorter */
	} else if (algorithm == 16) {
		*name = PQM_LIT("ElGamal");
		*bits = (*bits + 255) / 256 * 256;
	} else if (algorithm == 18) { /* a point: 0x04 and two coordinates, 0x40 and one */
		*name = *bits <= 263	? PQM_LIT("X25519")
			: *bits <= 515	? PQM_LIT("P-256")
			: *bits <= 771	? PQM_LIT("P-384")
			: *bits <= 1059 ? PQM_LIT("P-521")
					: PQM_LIT("EC");
	} else if (algorithm == 25) {
		*name = PQM_LIT("X25519");
	} else if (algorithm == 26) {
		*name = PQM_LIT("X448");
	}
	return name->n > 0;
}
