/* k8s_doc.c — what comes before a document is a tree of facts: encodings, CRDs, doubled keys. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/num.h"
#include "k8s.h"
#include "k8s_doc.h"

/* Maps up to here are compared key by key, larger ones through a hash map. */
#define FEW_KEYS 24

bool pqm_k8s_is_utf16(pqm_bytes t)
{
	return pqm_starts(t, PQM_LIT("\xff\xfe")) || pqm_starts(t, PQM_LIT("\xfe\xff"));
}

bool pqm_k8s_utf16(struct pqm_buf *out, pqm_bytes t)
{
	unsigned hi = t.n > 0 && t.p[0] == 0xff;

	for (size_t i = 2; i + 1 < t.n; i += 2) {
		uint8_t u[4];
		uint32_t c = (uint32_t)t.p[i + hi] << 8 | t.p[i + 1 - hi];

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < t.n) {
			uint32_t low = (uint32_t)t.p[i + 2 + hi] << 8 | t.p[i + 3 - hi];

			if (low < 0xdc00 || low > 0xdfff)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		}
		(void)pqm_buf_add(out, (pqm_bytes){ u, pqm_utf8(u, c) });
	}
	return !out->failed;
}

/* Whether the i-th key comes again behind it. NULL map: few keys. */
static bool comes_again(const struct pqm_yaml *n, uint32_t i, const struct pqm_map *last)
{
	pqm_bytes key = n->keys[i]->text;

	if (last != NULL)
		return pqm_map_get(last, key) != n->keys[i];
	for (uint32_t k = i + 1; k < n->n; k++)
		if (n->keys[k]->type == PQM_YAML_SCALAR && n->keys[k]->text.n == key.n &&
			pqm_eq(n->keys[k]->text, key))
			return true;
	return false;
}

static const struct pqm_yaml *drop_doubled(struct pqm_yaml *n)
{
	const struct pqm_yaml *first = NULL;
	struct pqm_map last = { 0 };
	bool is_large = n->n > FEW_KEYS;
	uint32_t k = 0;

	for (uint32_t i = 0; is_large && i < n->n; i++)
		if (n->keys[i]->type == PQM_YAML_SCALAR &&
			!pqm_map_put(&last, n->keys[i]->text, n->keys[i]))
			break;
	for (uint32_t i = 0; i < n->n; i++) {
		struct pqm_yaml *key = n->keys[i];

		if (key->type == PQM_YAML_SCALAR && comes_again(n, i, is_large ? &last : NULL)) {
			if (first == NULL)
				first = key;
			continue;
		}
		n->keys[k] = key;
		n->items[k++] = n->items[i];
	}
	n->n = k;
	pqm_map_fini(&last);
	return first;
}

static const struct pqm_yaml *tidy(struct pqm_yaml *n, unsigned depth)
{
	const struct pqm_yaml *first = NULL;

	if (depth > PQM_YAML_DEPTH)
		return NULL;
	if (n->type == PQM_YAML_MAP && n->n > 1)
		first = drop_doubled(n);
	for (uint32_t i = 0; i < n->n; i++)
		if (n->items[i]->type != PQM_YAML_SCALAR) {
			const struct pqm_yaml *below = tidy(n->items[i], depth + 1);

			first = first != NULL ? first : below;
		}
	return first;
}

const struct pqm_yaml *pqm_k8s_tidy(const struct pqm_yaml *root)
{
	return tidy((struct pqm_yaml *)(uintptr_t)root, 0);
}

static bool has_map_key(const struct pqm_yaml *n, unsigned depth)
{
	for (uint32_t i = 0; depth < PQM_YAML_DEPTH && i < n->n; i++)
		if ((n->type == PQM_YAML_MAP && n->keys[i]->type == PQM_YAML_MAP) ||
			has_map_key(n->items[i], depth + 1))
			return true;
	return false;
}

bool pqm_k8s_has_action(const struct pqm_yaml *root)
{
	return has_map_key(root, 0);
}

static unsigned indent_of(pqm_bytes line)
{
	unsigned n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

static bool is_key(pqm_bytes line, const char *key)
{
	pqm_bytes k = pqm_str(key);

	line = pqm_trim(line);
	return pqm_starts(line, k) && line.n > k.n && line.p[k.n] == ':';
}

#define CRD_HEAD_BYTES 4096 /* where its annotations are looked for */

bool pqm_k8s_crd_body(struct pqm_buf *out, pqm_bytes text)
{
	pqm_bytes rest = text, line;
	bool in_meta = false, in_spec = false, in_conversion = false, has_conversion = false;
	unsigned child = 0;

	if (pqm_find(text, 0, PQM_LIT("caBundle")) == SIZE_MAX &&
		pqm_find(pqm_sub(text, 0, CRD_HEAD_BYTES), 0, PQM_LIT(PQM_K8S_INJECTED)) ==
			SIZE_MAX)
		return false;
	while (rest.p != NULL && pqm_split(&rest, '\n', &line)) {
		unsigned indent = indent_of(line);
		bool is_blank = pqm_trim(line).n == 0, keep = false;

		if (!is_blank && indent == 0) {
			in_meta = is_key(line, "metadata");
			in_spec = is_key(line, "spec");
			in_conversion = false;
			child = 0;
			keep = in_meta || in_spec || is_key(line, "apiVersion") ||
				is_key(line, "kind");
		} else if (!is_blank && in_meta) {
			keep = line.n < 4096;
		} else if (!is_blank && in_spec) {
			child = child == 0 ? indent : child;
			if (indent <= child)
				in_conversion = is_key(line, "conversion");
			has_conversion = has_conversion || in_conversion;
			keep = in_conversion;
		}
		if (keep)
			(void)pqm_buf_add(out, line);
		if (rest.p != NULL)
			(void)pqm_buf_byte(out, '\n');
	}
	return has_conversion && !out->failed;
}
