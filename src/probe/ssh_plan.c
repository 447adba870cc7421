#include "probe/ssh.h"

#include "parse/spki.h"

#define CERT_SUFFIX "-cert-v01@openssh.com"
/* Sessions with one server, ever: each costs it a process, and OpenSSH 9.8 counts a second of penalty a
 * connection that does not log in, of fifteen that it lets pass. */
#define CONNECTIONS 3u
/* After a drop by MaxStartups, which is by chance. */
#define AGAIN_MS 1500u

/* ---- names ---- */

static bool has(pqm_bytes name, const char *part)
{
	return pqm_find(name, 0, pqm_str(part)) != SIZE_MAX;
}

static unsigned class_of(const struct probe_job *j, pqm_bytes name)
{
	const struct pqm_probe_config *c = j->config;

	return c->kex_class == NULL ? 0 : c->kex_class(c->kex_ctx, name);
}

/* Host key algorithms in the order we ask: what is rare first, then what most other keys on disk and in
 * known_hosts join. Of an RSA key the strongest signature. */
static const struct key_name {
	const char *name;
	enum ssh_family family;
} key_names[] = {
	{ "ssh-mldsa-44", SSH_F_MLDSA },
	{ "ssh-mldsa-65", SSH_F_MLDSA },
	{ "ssh-mldsa-87", SSH_F_MLDSA },
	{ "ssh-mldsa44", SSH_F_MLDSA },
	{ "ssh-mldsa65", SSH_F_MLDSA },
	{ "ssh-mldsa87", SSH_F_MLDSA },
	{ "rsa-sha2-512", SSH_F_RSA },
	{ "rsa-sha2-256", SSH_F_RSA },
	{ "ssh-rsa", SSH_F_RSA },
	{ "ecdsa-sha2-nistp256", SSH_F_P256 },
	{ "ssh-ed25519", SSH_F_ED25519 },
	{ "ecdsa-sha2-nistp384", SSH_F_P384 },
	{ "ecdsa-sha2-nistp521", SSH_F_P521 },
	{ "ssh-ed448", SSH_F_ED448 },
	{ "ssh-dss", SSH_F_DSA },
};

#define N_KEY_NAMES (sizeof(key_names) / sizeof(key_names[0]))

static pqm_bytes without_cert(pqm_bytes name)
{
	if (pqm_ends(name, PQM_LIT(CERT_SUFFIX)))
		name.n -= sizeof(CERT_SUFFIX) - 1;
	return name;
}

enum ssh_family probe_ssh_family(pqm_bytes name)
{
	pqm_bytes base = without_cert(name);

	for (size_t i = 0; i < N_KEY_NAMES; i++)
		if (pqm_eqs(base, key_names[i].name))
			return key_names[i].family;
	return SSH_F_OTHER;
}

const struct ssh_kex *probe_ssh_pick_kex(pqm_bytes list)
{
	for (const struct ssh_kex *k = probe_ssh_kex; k->name != NULL; k++)
		if (pqm_ssh_lists(list, k->name))
			return k;
	return NULL;
}

/* The list's name for this base: its certificate, else the plain key. */
static pqm_bytes listed(pqm_bytes list, const char *base, bool is_cert)
{
	pqm_bytes one;

	while (pqm_split(&list, ',', &one))
		if (pqm_eqs(without_cert(one), base) &&
			is_cert == pqm_ends(one, PQM_LIT(CERT_SUFFIX)))
			return one;
	return (pqm_bytes){ NULL, 0 };
}

pqm_bytes probe_ssh_pick_key(pqm_bytes list, uint32_t seen)
{
	pqm_bytes one;

	for (size_t i = 0; i < N_KEY_NAMES; i++) {
		if ((seen & 1u << key_names[i].family) != 0)
			continue;
		/* A certificate of any algorithm of the family before a plain key of it. */
		for (size_t k = i; k < N_KEY_NAMES && key_names[k].family == key_names[i].family;
			k++) {
			one = listed(list, key_names[k].name, true);
			if (one.n > 0)
				return one;
		}
		one = listed(list, key_names[i].name, false);
		if (one.n > 0)
			return one;
	}
	while ((seen & 1u << SSH_F_OTHER) == 0 && pqm_split(&list, ',', &one))
		if (one.n > 0 && probe_ssh_family(one) == SSH_F_OTHER)
			return one;
	return (pqm_bytes){ NULL, 0 };
}

static void put_name(struct pqm_buf *out, const char *name)
{
	if (out->n > 0)
		(void)pqm_buf_byte(out, ',');
	(void)pqm_buf_add(out, pqm_str(name));
}

void probe_ssh_own_lists(struct pqm_buf *kex, struct pqm_buf *keys, uint32_t seen)
{
	for (const struct ssh_kex *k = probe_ssh_kex; k->name != NULL; k++)
		put_name(kex, k->name);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < N_KEY_NAMES; i++)
			if (((seen & 1u << key_names[i].family) != 0) == (pass == 1))
				put_name(keys, key_names[i].name);
}

/* ---- facts ---- */

struct plan {
	unsigned n_connections;
	uint32_t seen; /* families of host keys that were shown or refused */
	bool has_lists;
	pqm_bytes lists[PQM_SSH_LISTS]; /* of the first KEXINIT, in the job's arena */
};

static void offer_list(struct probe_job *j, enum pqm_offer_kind kind, pqm_bytes list)
{
	unsigned rank = 0;
	pqm_bytes one;

	while (pqm_split(&list, ',', &one))
		if (one.n > 0 && (kind != PQM_O_KEX || (class_of(j, one) & PQM_K_MARKER) == 0))
			probe_offer_name(j, kind, one, PQM_A_YES, ++rank, "kexinit");
}

/* Names of the second list that the first has not: a server may differ by direction. */
static void offer_rest(
	struct probe_job *j, enum pqm_offer_kind kind, pqm_bytes first, pqm_bytes second)
{
	pqm_bytes one, other;

	if (pqm_eq(first, second))
		return;
	while (pqm_split(&second, ',', &one)) {
		pqm_bytes rest = first;
		bool is_new = one.n > 0;

		while (is_new && pqm_split(&rest, ',', &other))
			is_new = !pqm_eq(one, other);
		if (is_new)
			probe_offer_name(j, kind, one, PQM_A_YES, 0, "kexinit, to the client only");
	}
}

/* Prefix truncation works on an encrypt-then-MAC CBC mode and on ChaCha20-Poly1305 unless both sides
 * speak strict key exchange [CVE-2023-48795]. */
static bool is_truncatable(const struct plan *p)
{
	bool has_etm = has(p->lists[PQM_SSH_L_MAC_OUT], "-etm@openssh.com") ||
		has(p->lists[PQM_SSH_L_MAC_IN], "-etm@openssh.com");

	for (size_t i = PQM_SSH_L_CIPHER_OUT; i <= PQM_SSH_L_CIPHER_IN; i++)
		if (has(p->lists[i], "chacha20-poly1305") || (has_etm && has(p->lists[i], "-cbc")))
			return true;
	return false;
}

static void put_markers(struct probe_job *j, const struct plan *p)
{
	pqm_bytes kex = p->lists[PQM_SSH_L_KEX];
	bool is_strict = pqm_ssh_lists(kex, "kex-strict-s-v00@openssh.com");

	probe_fact(j, "strict-kex", is_strict ? PQM_A_YES : PQM_A_NO, "kexinit", "%s", "");
	probe_fact(j, "terrapin", !is_strict && is_truncatable(p) ? PQM_A_YES : PQM_A_NO, "kexinit",
		"%s", "");
	/* [RFC8308 §2.1] */
	if (pqm_ssh_lists(kex, "ext-info-s"))
		probe_fact(j, "ext-info", PQM_A_YES, "kexinit", "%s", "");
	probe_fact(j, "compression", PQM_A_YES, "kexinit", "%.*s",
		PQM_FMT(p->lists[PQM_SSH_L_COMPRESS_OUT]));
}

/* The first of the list that has one of these classes, or none of them when want is 0; empty: there is none. */
static pqm_bytes first_of(const struct probe_job *j, pqm_bytes list, unsigned want)
{
	pqm_bytes one;

	while (pqm_split(&list, ',', &one)) {
		unsigned k = class_of(j, one);

		if (one.n > 0 && (want == 0 ? k == 0 : (k & want) != 0))
			return one;
	}
	return (pqm_bytes){ NULL, 0 };
}

/* The list is complete and in clear: what is not in it is not spoken [RFC4253 §7.1]. */
static void put_posture(struct probe_job *j, pqm_bytes list)
{
	pqm_bytes pq = first_of(j, list, PQM_K_PQ), draft = first_of(j, list, PQM_K_DRAFT);
	pqm_bytes retired = first_of(j, list, PQM_K_RETIRED), one = pq.n > 0 ? pq : draft;
	const char *how;

	if (one.n == 0) {
		j->ep.posture = PQM_P_ABSENT;
		how = retired.n > 0 ? "kexinit: only retired methods, like "
				    : "kexinit: no post-quantum method";
		one = retired;
	} else {
		j->ep.posture =
			retired.n > 0 || first_of(j, list, 0).n > 0 ? PQM_P_OFFERED : PQM_P_ONLY;
		how = pq.n == 0 ? "kexinit: only an experiment's name, "
			: j->ep.posture == PQM_P_ONLY
			? "kexinit: nothing else is listed than "
			: "kexinit: the client's order decides [RFC4253 §7.1]: ";
	}
	j->ep.posture_how = pqm_arena_f(&j->arena, "%s%.*s", how, PQM_FMT(one));
}

static void put_lists(struct probe_job *j, struct plan *p, const struct probe_ssh_flight *f)
{
	for (size_t i = 0; i < PQM_SSH_LISTS; i++)
		p->lists[i] = pqm_bytes_dup(&j->arena, f->lists.list[i]);
	p->has_lists = true;
	offer_list(j, PQM_O_KEX, p->lists[PQM_SSH_L_KEX]);
	offer_list(j, PQM_O_HOST_KEY, p->lists[PQM_SSH_L_HOST_KEY]);
	offer_list(j, PQM_O_CIPHER, p->lists[PQM_SSH_L_CIPHER_OUT]);
	offer_rest(j, PQM_O_CIPHER, p->lists[PQM_SSH_L_CIPHER_OUT], p->lists[PQM_SSH_L_CIPHER_IN]);
	offer_list(j, PQM_O_MAC, p->lists[PQM_SSH_L_MAC_OUT]);
	offer_rest(j, PQM_O_MAC, p->lists[PQM_SSH_L_MAC_OUT], p->lists[PQM_SSH_L_MAC_IN]);
	put_markers(j, p);
	put_posture(j, p->lists[PQM_SSH_L_KEX]);
	j->ep.is_server_order = false;
	j->ep.is_order_known = true;
}

static void put_host_key(struct probe_job *j, const struct probe_ssh_flight *f)
{
	struct pqm_chain *c = probe_chain(j, 0, 0, f->proven, "ssh", &f->host_key, 1);
	struct pqm_buf spki;
	char hex[PQM_SPKI_HEX];

	if (c == NULL || c->n_certs == 0 || c->certs[0].spki.n > 0)
		return;
	pqm_buf_init(&spki, PQM_SSH_BLOB_BYTES);
	if (pqm_ssh_spki(&spki, f->host_key)) {
		pqm_spki_der(hex, pqm_buf_bytes(&spki));
		c->certs[0].spki = pqm_bytes_dup(&j->arena, pqm_str(hex));
	}
	pqm_buf_fini(&spki);
}

/* ---- the strategy ---- */

static bool is_ssh1(const struct probe_ssh_flight *f)
{
	return f->has_ident && !pqm_eqs(pqm_str(f->version), "2.0") &&
		!pqm_eqs(pqm_str(f->version), "1.99");
}

/* What a connection without a KEXINIT means. */
static void put_failure(struct probe_job *j, const struct probe_ssh_flight *f,
	const struct probe_outcome *o, bool is_first)
{
	const char *words = f->words[0] != '\0' ? f->words : o->words;

	j->ep.is_complete = false;
	if (!is_first && !f->is_limited && f->has_ident)
		return; /* one host key less, which stays unknown */
	if (f->is_limited ||
		(o->is_connected && !f->has_ident && f->preface[0] == '\0' &&
			(o->end == PROBE_CLOSED || o->end == PROBE_RESET)))
		probe_words(j, PQM_R_LIMITED, "%s%s%s", f->preface[0] != '\0' ? f->preface : words,
			f->has_ident ? "" : ", before the identification line",
			is_first ? "" : ", after it had answered");
	else if (!is_first)
		return;
	else if (!o->is_connected)
		probe_words(j, o->end == PROBE_NO_CONNECT ? PQM_R_REFUSED : PQM_R_UNREACHABLE, "%s",
			words);
	else if (f->has_ident || f->preface[0] != '\0')
		probe_words(j, f->has_ident ? PQM_R_ANSWERED : PQM_R_OTHER, "%s%s%s", words,
			f->preface[0] != '\0' ? ": " : "", f->preface);
	else
		probe_words(j,
			o->end == PROBE_GARBAGE || o->end == PROBE_BUDGET ? PQM_R_OTHER
									  : PQM_R_SILENT,
			"%s", words);
}

static void put_ident(struct probe_job *j, const struct probe_ssh_flight *f)
{
	if (!f->has_ident || j->ep.protocol.n > 0)
		return;
	j->ep.protocol = PQM_LIT("ssh");
	j->ep.reach = PQM_R_ANSWERED;
	j->ep.is_complete = true; /* also when a connection before was dropped */
	j->ep.words = (pqm_bytes){ NULL, 0 };
	j->ep.software = pqm_bytes_dup(&j->arena, pqm_str(f->software));
	if (!pqm_eqs(pqm_str(f->version), "2.0"))
		probe_fact(j, "ssh1", PQM_A_YES, "identification line", "%s", f->version);
	/* SSH 1 knows RSA key transport and nothing else. */
	if (is_ssh1(f)) {
		j->ep.posture = PQM_P_ABSENT;
		j->ep.posture_how = PQM_LIT("identification line: SSH 1 only");
		probe_words(j, PQM_R_ANSWERED, "speaks SSH %s only", f->version);
	}
}

/* Takes the facts of a connection. True: the server may be asked again. */
static bool take(struct probe_job *j, struct plan *p, const struct probe_ssh_flight *f,
	const struct probe_outcome *o)
{
	bool is_first = !p->has_lists;

	put_ident(j, f);
	if (is_ssh1(f))
		return false;
	if (f->has_kexinit && is_first)
		put_lists(j, p, f);
	if (f->has_kexinit && !is_first && !pqm_eq(f->lists.list[0], p->lists[0]))
		j->ep.varies = true;
	if (f->gex_bits > 0)
		probe_fact(j, "dh-bits", PQM_A_YES, "group exchange", "%u", (unsigned)f->gex_bits);
	if (f->has_key) {
		put_host_key(j, f);
		p->seen |= 1u << f->family;
		return true;
	}
	if (!f->has_kexinit || f->end != PROBE_GOAL)
		put_failure(j, f, o, is_first && !f->has_kexinit);
	if (f->has_kexinit && f->kex != NULL) {
		/* This key it would not show; another may be. */
		p->seen |= 1u << f->family;
		j->ep.is_complete = false;
		return f->end != PROBE_TIMEOUT && !f->is_limited;
	}
	/* Dropped by chance before a word: once more, later. */
	return !f->has_ident && o->is_connected && p->n_connections == 1 &&
		(f->is_limited ||
			(f->preface[0] == '\0' &&
				(o->end == PROBE_CLOSED || o->end == PROBE_RESET)));
}

static bool has_unseen(const struct plan *p)
{
	return probe_ssh_pick_key(p->lists[PQM_SSH_L_HOST_KEY], p->seen).n > 0;
}

static bool wants_more(const struct probe_job *j, const struct plan *p)
{
	if (p->n_connections >= CONNECTIONS || j->is_late)
		return false;
	return !p->has_lists || (j->config->profile != PQM_PROFILE_QUICK && has_unseen(p));
}

static bool next(struct probe_job *j, const struct probe_request *done,
	const struct probe_outcome *last, struct probe_request *req)
{
	struct plan *p = j->state;
	bool may = true;

	if (p == NULL) {
		p = pqm_new(&j->arena, struct plan, 1);
		if (p == NULL)
			return false;
		j->state = p;
		j->ep.is_complete = true;
	}
	if (last != NULL)
		may = take(j, p, probe_ssh_flight_of(done->chain[done->n - 1].self), last);
	if (!may || !wants_more(j, p)) {
		if (j->config->profile != PQM_PROFILE_QUICK && p->has_lists && has_unseen(p))
			j->ep.is_complete = false; /* more host keys than connections */
		return false;
	}
	*req = (struct probe_request){ .n = 1 };
	req->chain[0].machine = &probe_ssh_machine;
	req->chain[0].self = probe_ssh_new(j->keys, p->seen);
	req->delay_ms = last != NULL && !p->has_lists ? AGAIN_MS : 0;
	p->n_connections++;
	return req->chain[0].self != NULL;
}

const struct probe_strategy probe_ssh_strategy = { .name = "ssh", .next = next };
