/* follow_ports.c — the ports that an object listens on, and the protocol that its words give each. */
#include "follow_ports.h"

#include "base/num.h"
#include "probe/probe.h"

static bool is_one_of(pqm_bytes a, const char *const *list)
{
	for (; *list != NULL; list++)
		if (pqm_ieq(a, pqm_str(*list)))
			return true;
	return false;
}

bool pqm_port_is_datagram(const char *scheme)
{
	static const char *const list[] = { "quic", "dtls", "wireguard", "ikev2", "openvpn", NULL };

	return is_one_of(pqm_str(scheme), list);
}

const char *pqm_port_scheme_of_word(struct pqm_arena *a, pqm_bytes word, bool is_udp)
{
	struct pqm_probe_target t;
	struct pqm_err why = { 0 };
	pqm_bytes text = pqm_arena_f(a, "%.*s:h", PQM_FMT(word));

	if (text.p == NULL || word.n == 0 ||
		pqm_probe_target_parse(&t, (const char *)text.p, false, a, &why) != PQM_OK ||
		pqm_port_is_datagram(t.scheme) != is_udp)
		return NULL;
	return t.scheme;
}

const char *pqm_port_scheme(struct pqm_arena *a, uint16_t port, bool is_udp)
{
	struct pqm_probe_target t;
	struct pqm_err why = { 0 };
	pqm_bytes text = pqm_arena_f(a, "h:%u", (unsigned)port);

	if (is_udp)
		return port == 443 ? "quic" : NULL;
	if (text.p == NULL ||
		pqm_probe_target_parse(&t, (const char *)text.p, true, a, &why) != PQM_OK ||
		t.is_bare || pqm_port_is_datagram(t.scheme))
		return "auto";
	return t.scheme;
}

/* The value of the field next to f: "spec.ports[0].port" -> "spec.ports[0].name". */
static pqm_bytes beside(const struct pqm_object *o, const struct pqm_fact *f, const char *name)
{
	size_t dot = f->key.n;

	while (dot > 0 && f->key.p[dot - 1] != '.')
		dot--;
	for (size_t i = 0; i < o->n_facts; i++) {
		pqm_bytes k = o->facts[i].key;

		if (k.n == dot + strlen(name) && pqm_starts(k, pqm_sub(f->key, 0, dot)) &&
			pqm_ends(k, pqm_str(name)))
			return o->facts[i].value;
	}
	return (pqm_bytes){ NULL, 0 };
}

pqm_bytes pqm_port_group(pqm_bytes key)
{
	size_t end = pqm_find_byte(key, 0, ']');

	return end == SIZE_MAX ? (pqm_bytes){ NULL, 0 } : pqm_sub(key, 0, end + 1);
}

bool pqm_port_is_same_list(pqm_bytes a, pqm_bytes b)
{
	size_t n = pqm_find_byte(a, 0, '[');

	return n != SIZE_MAX && n == pqm_find_byte(b, 0, '[') &&
		pqm_eq(pqm_sub(a, 0, n), pqm_sub(b, 0, n));
}

/* Protocol words, the most telling first: the application's, the listener's, the port's name as far as
 * its first hyphen. */
static void read_words(struct pqm_arena *a, struct pqm_port *p, const struct pqm_object *o,
	const struct pqm_fact *f)
{
	pqm_bytes protocol = beside(o, f, "protocol"), name = beside(o, f, "name");
	pqm_bytes word[3] = { beside(o, f, "appProtocol"), protocol,
		pqm_sub(name, 0, pqm_find_byte(name, 0, '-')) };
	size_t slash = pqm_find_byte(word[0], 0, '/');

	if (slash != SIZE_MAX)
		word[0] = pqm_sub(word[0], slash + 1, SIZE_MAX);
	p->is_udp = pqm_ieq(protocol, PQM_LIT("UDP"));
	for (size_t i = 0; i < 3 && p->scheme == NULL && !p->is_plain; i++) {
		p->scheme = pqm_port_scheme_of_word(a, word[i], p->is_udp);
		p->is_plain = pqm_ieq(word[i], PQM_LIT("http"));
	}
}

void pqm_ports_read(struct pqm_arena *a, struct pqm_ports *out, const struct pqm_object *o,
	const struct pqm_k8s_kind *k)
{
	const struct pqm_yaml *globs = pqm_yaml_get(k->rule->node, "ports");

	out->n = 0;
	out->any = false;
	out->is_edge = pqm_eqs(k->node_type, "edge");
	for (size_t i = 0; globs != NULL && i < o->n_facts; i++) {
		const struct pqm_fact *f = &o->facts[i];
		uint64_t n = 0;

		if (!pqm_k8s_listed(globs, f->key))
			continue;
		out->any = true;
		if (out->n >= PQM_PORTS_MAX || !pqm_u64_parse(f->value, UINT16_MAX, &n) || n == 0)
			continue;
		struct pqm_port *p = &out->p[out->n++];

		*p = (struct pqm_port){ .group = pqm_port_group(f->key), .number = (uint16_t)n };
		read_words(a, p, o, f);
	}
}
