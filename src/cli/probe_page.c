#include "probe_page.h"

#include "assess/risk.h"
#include "base/num.h"
#include "cli/probe_advice.h"
#include "report/endpoint_text.h"
#include "report/view_text.h"

#define LISTED 8 /* of what could not be told; the JSON has all */

static const pqm_bytes none = { NULL, 0 };

static bool said(const struct pqm_endpoint *e, const char *key, enum pqm_answer answer)
{
	const struct pqm_wire_fact *f = pqm_endpoint_fact(e, key);

	return f != NULL && f->answer == answer;
}

static void add(struct pqm_buf *b, const char *separator, pqm_bytes text)
{
	if (b->n > 0)
		(void)pqm_buf_add(b, pqm_str(separator));
	(void)pqm_buf_add(b, text);
}

static pqm_bytes names(struct pqm_page *p, const struct pqm_endpoint *e, enum pqm_offer_kind kind,
	uint16_t version)
{
	struct pqm_offer_pick pick = { kind, version, PQM_A_YES };

	return pqm_offer_list(p->rules, e, &pick, &p->arena);
}

static bool has_offer(const struct pqm_endpoint *e, enum pqm_offer_kind kind, uint16_t code)
{
	const struct pqm_offer *o = pqm_endpoint_offer(e, kind, code, 0);

	return o != NULL && o->answer == PQM_A_YES;
}

/* ---- head ---- */

static void head(struct pqm_page *p, const struct pqm_endpoint *e)
{
	pqm_bytes name = pqm_printable(&p->arena, pqm_endpoint_name(e, &p->arena));
	struct pqm_buf b;
	size_t width;

	if (pqm_eqs(e->scheme, "tls"))
		name = pqm_sub(name, 4, name.n);
	pqm_buf_init(&b, (size_t)8 << 10);
	(void)pqm_buf_add(&b, name);
	if (e->address.n > 0 && !pqm_eq(e->address, e->host))
		(void)pqm_buf_f(&b, "  %.*s", PQM_FMT(pqm_printable(&p->arena, e->address)));
	if (e->software.n > 0)
		(void)pqm_buf_f(&b, "  %.*s", PQM_FMT(pqm_printable(&p->arena, e->software)));
	pqm_bytes tail = pqm_arena_f(&p->arena, "%u connection%s, %.0f ms", e->n_connections,
		e->n_connections == 1 ? "" : "s", e->ms);

	width = pqm_text_width(pqm_buf_bytes(&b)) + tail.n;
	pqm_out_str(p->out, p->color ? "\033[1m" : "");
	pqm_out_bytes(p->out, pqm_buf_bytes(&b));
	pqm_out_str(p->out, p->color ? "\033[0m" : "");
	pqm_out_f(p->out, "%*s%.*s\n", width + 2 < PQM_PAGE_COLS ? (int)(PQM_PAGE_COLS - width) : 2,
		"", PQM_FMT(tail));
	pqm_buf_fini(&b);
}

static void reach(struct pqm_page *p, const struct pqm_endpoint *e)
{
	pqm_bytes words = pqm_printable(&p->arena, e->words);

	switch (e->reach) {
	case PQM_R_ANSWERED:
		break;
	case PQM_R_OTHER:
		pqm_page_row(
			p, "other", pqm_str("answered in another protocol"), PQM_PAGE_FAIR, words);
		break;
	case PQM_R_SILENT:
		pqm_page_row(
			p, "silent", pqm_str("connected, and no answer"), PQM_PAGE_FAIR, words);
		break;
	case PQM_R_LIMITED:
		pqm_page_row(p, "limited", pqm_str("answered, then turned us away"), PQM_PAGE_FAIR,
			words.n > 0 ? words : pqm_str("ask slower: --rate 1"));
		break;
	case PQM_R_REFUSED:
		pqm_page_row(p, "refused", pqm_str("nothing listens there"), PQM_PAGE_FAIR, words);
		break;
	case PQM_R_UNREACHABLE:
		pqm_page_row(p, "unreachable", pqm_str("no way there"), PQM_PAGE_FAIR, words);
		break;
	case PQM_R_SKIPPED:
		pqm_page_row(p, "not asked", words, PQM_PAGE_FAIR, none);
		break;
	}
}

/* ---- key exchange ---- */

static const char *posture_words(const struct pqm_endpoint *e)
{
	switch (e->posture) {
	case PQM_P_ABSENT:
		return "no hybrid: what is recorded now can be read later";
	case PQM_P_OFFERED:
		return "hybrid OFFERED, not enforced: a classical client is let in";
	case PQM_P_ENFORCED:
		return "hybrid ENFORCED for clients that can; others are let in";
	case PQM_P_ONLY:
		return "post-quantum ONLY: classical clients turned away";
	case PQM_P_UNKNOWN:
		break;
	}
	return "could not tell whether a hybrid is offered";
}

static enum pqm_page_style posture_style(const struct pqm_endpoint *e)
{
	static const enum pqm_page_style style[] = { PQM_PAGE_FAIR, PQM_PAGE_BAD, PQM_PAGE_FAIR,
		PQM_PAGE_GOOD, PQM_PAGE_GOOD };

	return style[e->posture];
}

static void key_exchange(struct pqm_page *p, const struct pqm_endpoint *e)
{
	pqm_bytes main = pqm_key_exchange_words(p->rules, e, &p->arena), old;

	pqm_page_row(p, "key exchange", main.n > 0 ? main : pqm_str("could not be told"),
		posture_style(e), pqm_str(posture_words(e)));
	old = names(p, e, PQM_O_GROUP, 0x0303);
	if (old.n > 0 && !pqm_eq(old, main))
		pqm_page_row(p, "", old, PQM_PAGE_DIM, pqm_str("in TLS 1.2"));
	if (e->is_order_known)
		pqm_page_words(p, "", PQM_PAGE_DIM, "%s",
			e->is_server_order ? "in the server's order, whatever the client prefers"
					   : "the client's order decides");
}

/* ---- versions ---- */

static pqm_bytes old_key_exchange(const struct pqm_endpoint *e, enum pqm_page_style *style)
{
	*style = PQM_PAGE_BAD;
	if (has_offer(e, PQM_O_VERSION, 0x0002) || has_offer(e, PQM_O_VERSION, 0x0300))
		return pqm_str("SSL is broken today: not a quantum finding, fix first");
	if (said(e, "kex-anonymous", PQM_A_YES))
		return pqm_str("anonymous key exchange is accepted: open today");
	if (said(e, "kex-export", PQM_A_YES) || said(e, "kex-null-cipher", PQM_A_YES))
		return pqm_str("export or NULL ciphers are accepted: open today");
	if (said(e, "kex-rsa", PQM_A_YES))
		return pqm_str("RSA key transport accepted: no forward secrecy");
	if (has_offer(e, PQM_O_VERSION, 0x0302) || has_offer(e, PQM_O_VERSION, 0x0301)) {
		*style = PQM_PAGE_FAIR;
		return pqm_str("TLS 1.0 and 1.1 are retired [RFC 8996]");
	}
	*style = PQM_PAGE_PLAIN;
	if (!has_offer(e, PQM_O_VERSION, 0x0303))
		return none;
	if (said(e, "kex-rsa", PQM_A_NO))
		return said(e, "kex-dhe", PQM_A_YES)
			? pqm_str("1.2 has DHE and ECDHE, no RSA key transport")
			: pqm_str("1.2 has ECDHE only, no RSA key transport");
	return none;
}

static void versions(struct pqm_page *p, const struct pqm_endpoint *e)
{
	enum pqm_page_style style;
	pqm_bytes remark = old_key_exchange(e, &style), list = names(p, e, PQM_O_VERSION, 0);

	if (list.n > 0)
		pqm_page_row(p, "versions", list, style, remark);
	const struct pqm_wire_fact *dh = pqm_endpoint_fact(e, "dh-bits");

	/* Without groups the key exchange row has it. */
	if (dh != NULL && dh->value.n > 0 &&
		(names(p, e, PQM_O_GROUP, 0).n > 0 || names(p, e, PQM_O_KEX, 0).n > 0))
		pqm_page_words(p, "", PQM_PAGE_DIM, "DHE with %.*s bits",
			PQM_FMT(pqm_printable(&p->arena, dh->value)));
}

/* ---- certificates ---- */

static pqm_bytes issuers(struct pqm_page *p, const struct pqm_chain *c)
{
	struct pqm_buf b;
	pqm_bytes text;

	pqm_buf_init(&b, (size_t)16 << 10);
	for (size_t i = 0; i < c->n_certs; i++)
		if (c->certs[i].issuer.n > 0 && !pqm_eq(c->certs[i].issuer, c->certs[i].subject))
			add(&b, " › ", pqm_common_name(c->certs[i].issuer, &p->arena));
	text = pqm_bytes_dup(&p->arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return text;
}

static void certificates(struct pqm_page *p, const struct pqm_endpoint *e)
{
	bool first = true;

	for (size_t i = 0; i < e->n_chains; i++) {
		const struct pqm_chain *c = &e->chains[i];

		if (c->n_certs == 0 || pqm_chain_is_repeat(e, i))
			continue;
		const struct pqm_wire_cert *leaf = &c->certs[0];
		bool is_ssh = pqm_eqs(c->type, "ssh");
		pqm_bytes by = issuers(p, c), until = pqm_printable(&p->arena, leaf->not_after);
		pqm_bytes key = pqm_key_words(leaf->key, &p->arena);

		pqm_bytes fact = leaf->subject.n > 0
			? pqm_arena_f(&p->arena, "%-11.*s %.*s", PQM_FMT(key),
				  PQM_FMT(pqm_common_name(leaf->subject, &p->arena)))
			: key;
		if (fact.n == 0)
			fact = PQM_LIT("a key that could not be read");
		pqm_bytes remark =
			pqm_arena_f(&p->arena, "%s%.*s%s%.*s%s", by.n > 0 ? "by " : "", PQM_FMT(by),
				until.n == 0	   ? ""
					: by.n > 0 ? ", until "
						   : "until ",
				PQM_FMT(until),
				c->proven == PQM_A_NO ? "; its signature does NOT verify" : "");

		pqm_page_row(p,
			!first		 ? ""
				: is_ssh ? "host keys"
					 : "certificates",
			fact, c->proven == PQM_A_NO ? PQM_PAGE_BAD : PQM_PAGE_DIM, remark);
		first = false;
	}
}

static void signatures(struct pqm_page *p, const struct pqm_endpoint *e)
{
	pqm_bytes schemes = names(p, e, PQM_O_SCHEME, 0), keys = names(p, e, PQM_O_HOST_KEY, 0);
	bool has_pq = said(e, "certificate-mldsa", PQM_A_YES) ||
		said(e, "certificate-composite", PQM_A_YES) ||
		said(e, "certificate-slhdsa", PQM_A_YES);

	if (schemes.n > 0)
		pqm_page_words(p, "signatures", PQM_PAGE_DIM, "%.*s%s", PQM_FMT(schemes),
			!has_pq && said(e, "certificate-mldsa", PQM_A_NO) ? "; no ML-DSA" : "");
	if (keys.n > 0)
		pqm_page_row(p, "signatures", keys, PQM_PAGE_DIM, none);
}

/* ---- the rest ---- */

/* Of "3 CA names", as the fact has it. */
static pqm_bytes authorities(struct pqm_page *p, pqm_bytes value)
{
	uint64_t n = 0;

	value = pqm_sub(value, 0, pqm_find_byte(value, 0, ' '));
	if (!pqm_u64_parse(value, UINT32_MAX, &n) || n == 0)
		return none;
	return pqm_arena_f(
		&p->arena, "of %llu CA%s that it names", (unsigned long long)n, n == 1 ? "" : "s");
}

static void session(struct pqm_page *p, const struct pqm_endpoint *e)
{
	const struct pqm_wire_fact *life = pqm_endpoint_fact(e, "ticket-lifetime"),
				   *ca = pqm_endpoint_fact(e, "client-auth");
	pqm_bytes alpn = names(p, e, PQM_O_ALPN, 0);
	struct pqm_buf b;

	pqm_buf_init(&b, 4096);
	if (said(e, "tickets", PQM_A_YES))
		add(&b, "; ",
			life != NULL && life->value.n > 0
				? pqm_arena_f(&p->arena, "tickets for %.*s",
					  PQM_FMT(pqm_printable(&p->arena, life->value)))
				: PQM_LIT("tickets"));
	if (said(e, "psk-without-exchange", PQM_A_YES))
		add(&b, "; ",
			PQM_LIT("resumes without a new key exchange: opened with the session "
				"before"));
	else if (said(e, "resumption", PQM_A_YES))
		add(&b, "; ", PQM_LIT("resumes with a new key exchange"));
	if (said(e, "early-data", PQM_A_YES))
		add(&b, "; ", PQM_LIT("takes early data"));
	if (b.n > 0)
		pqm_page_row(p, "session", pqm_bytes_dup(&p->arena, pqm_buf_bytes(&b)),
			PQM_PAGE_PLAIN, none);
	if (said(e, "client-auth", PQM_A_YES))
		pqm_page_row(p, "clients", pqm_str("a certificate is asked of them"), PQM_PAGE_DIM,
			authorities(p, ca->value));
	if (alpn.n > 0)
		pqm_page_row(p, "applications", alpn, PQM_PAGE_PLAIN, none);
	pqm_buf_fini(&b);
}

static void weak(struct pqm_page *p, const struct pqm_endpoint *e)
{
	static const enum pqm_wire_kind kind[] = {
		[PQM_O_CIPHER] = PQM_W_SSH_CIPHER,
		[PQM_O_MAC] = PQM_W_SSH_MAC,
		[PQM_O_KEX] = PQM_W_SSH_KEX,
		[PQM_O_HOST_KEY] = PQM_W_SSH_HOST_KEY,
	};
	struct pqm_buf b;

	pqm_buf_init(&b, (size_t)64 << 10);
	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];
		const struct pqm_wire *w = o->kind < PQM_O_KEX || o->kind > PQM_O_MAC
			? NULL
			: pqm_wire_name(p->rules, kind[o->kind], o->name);

		if (w != NULL && o->answer == PQM_A_YES && w->classical != PQM_C_OK)
			add(&b, ", ", pqm_printable(&p->arena, o->name));
	}
	if (b.n > 0)
		pqm_page_row(p, "weak today", pqm_bytes_dup(&p->arena, pqm_buf_bytes(&b)),
			PQM_PAGE_FAIR, none);
	pqm_buf_fini(&b);
}

/* The year of even odds that elliptic curves fall, by the scenario. */
static double even_odds(const struct pqm_risk_params *r, enum pqm_scenario s)
{
	const struct pqm_risk_class *c = pqm_risk_class_find(r, PQM_LIT("E256"));
	double t = r->curve.base_year, horizon = pqm_risk_horizon(r);

	while (t < horizon && pqm_risk_f(r, s, t) < 0.5)
		t += 1.0 / 16;
	return t + (c == NULL ? 0 : c->shift[s]);
}

static void harvest(struct pqm_page *p, const struct pqm_endpoint *e)
{
	struct pqm_risk_params r;
	struct pqm_err err = { 0 };
	pqm_bytes when = PQM_LIT("readable once a quantum computer exists");

	if (e->posture == PQM_P_UNKNOWN)
		return;
	if (e->posture == PQM_P_ONLY) {
		pqm_page_row(p, "harvest",
			pqm_str("recorded today: stays closed, whoever the client is"),
			PQM_PAGE_GOOD, none);
		return;
	}
	if (pqm_risk_params_load(&r, p->rules, none, &err) == PQM_OK)
		when = pqm_arena_f(&p->arena,
			"readable by %.0f to %.0f with even odds (expert survey %.*s)",
			even_odds(&r, PQM_FAST), even_odds(&r, PQM_SLOW), PQM_FMT(r.curve.id));
	if (e->posture == PQM_P_ABSENT)
		pqm_page_words(p, "harvest", PQM_PAGE_BAD, "recorded today: %.*s", PQM_FMT(when));
	else
		pqm_page_words(p, "harvest", PQM_PAGE_PLAIN,
			"what is recorded today of hybrid clients stays closed; of the others it "
			"%.*s",
			PQM_FMT(when));
	if (said(e, "kex-rsa", PQM_A_YES))
		pqm_page_words(p, "", PQM_PAGE_PLAIN,
			"sessions by RSA key transport fall all at once, with the one RSA key");
}

/* ---- what is not known ---- */

/* The question that was not answered; empty: nobody misses it. */
static pqm_bytes question(struct pqm_page *p, pqm_bytes key)
{
	static const struct {
		const char *key, *words;
	} t[] = {
		{ "certificate-rsa", "an RSA certificate" },
		{ "certificate-ecdsa", "an ECDSA certificate" },
		{ "certificate-eddsa", "an EdDSA certificate" },
		{ "certificate-mldsa", "an ML-DSA certificate" },
		{ "certificate-composite", "a composite certificate" },
		{ "certificate-slhdsa", "an SLH-DSA certificate" },
		{ "kex-rsa", "RSA key transport" },
		{ "kex-dhe", "DHE" },
		{ "kex-ecdhe-rsa", "ECDHE with an RSA certificate" },
		{ "kex-ecdhe-ecdsa", "ECDHE with an ECDSA certificate" },
		{ "kex-static-dh", "static DH" },
		{ "kex-psk", "pre-shared keys" },
		{ "kex-anonymous", "anonymous suites" },
		{ "kex-export", "export suites" },
		{ "kex-null-cipher", "NULL ciphers" },
		{ "kex-other", "other key exchanges of TLS 1.2" },
		{ "tickets", "session tickets" },
		{ "resumption", "resumption" },
		{ "psk-without-exchange", "resumption without an exchange" },
		{ "early-data", "early data" },
		{ "split-hello", "a ClientHello in two segments" },
		{ "large-hello", "a large ClientHello" },
		{ "client-auth", "whether clients need a certificate" },
	};
	struct pqm_buf b;
	pqm_bytes words;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (pqm_eqs(key, t[i].key))
			return pqm_str(t[i].words);
	pqm_buf_init(&b, 256);
	for (size_t i = 0; i < key.n; i++)
		(void)pqm_buf_add(&b, key.p[i] == '-' ? PQM_LIT(" ") : pqm_sub(key, i, 1));
	words = pqm_printable(&p->arena, pqm_buf_bytes(&b));
	pqm_buf_fini(&b);
	return words;
}

static void untold(struct pqm_page *p, const struct pqm_endpoint *e)
{
	struct pqm_buf b;
	size_t n = 0;

	pqm_buf_init(&b, (size_t)64 << 10);
	for (size_t i = 0; i < e->n_offers; i++) {
		const struct pqm_offer *o = &e->offers[i];

		if (o->answer != PQM_A_UNKNOWN && o->answer != PQM_A_REFUSED)
			continue;
		if (++n <= LISTED)
			add(&b, ", ",
				pqm_arena_f(&p->arena, "%.*s%s%.*s%s",
					PQM_FMT(pqm_offer_shown(p->rules, o, &p->arena)),
					o->how.n > 0 ? " (" : "",
					PQM_FMT(pqm_printable(&p->arena, o->how)),
					o->how.n > 0 ? ")" : ""));
	}
	for (size_t i = 0; i < e->n_facts; i++) {
		const struct pqm_wire_fact *f = &e->facts[i];

		if (f->answer != PQM_A_UNKNOWN && f->answer != PQM_A_REFUSED)
			continue;
		if (++n <= LISTED)
			add(&b, ", ", question(p, f->key));
	}
	if (n > LISTED)
		(void)pqm_buf_f(&b, " and %zu more", n - LISTED);
	if (b.n > 0)
		pqm_page_row(p, "no answer on", pqm_bytes_dup(&p->arena, pqm_buf_bytes(&b)),
			PQM_PAGE_FAIR, none);
	else if (!e->is_complete)
		pqm_page_row(p, "no answer on", pqm_str("some questions"), PQM_PAGE_FAIR,
			pqm_printable(&p->arena, e->words));
	if (e->varies)
		pqm_page_row(p, "varies",
			pqm_str("answers differ between connections: unlike servers behind one "
				"name"),
			PQM_PAGE_FAIR, none);
	pqm_buf_fini(&b);
}

void pqm_probe_page(struct pqm_page *p, const struct pqm_endpoint *e)
{
	head(p, e);
	reach(p, e);
	if (e->reach == PQM_R_ANSWERED || e->reach == PQM_R_LIMITED) {
		key_exchange(p, e);
		versions(p, e);
		certificates(p, e);
		signatures(p, e);
		session(p, e);
		weak(p, e);
		harvest(p, e);
		pqm_advice_page(p, e, p->software);
		untold(p, e);
	}
	pqm_arena_reset(&p->arena);
}
