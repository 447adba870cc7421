/* det_java.c — class files: which calls of Java's cryptography they make, with what; jars: which library they are. */
#include "java_look.h"

#include "base/limits.h"
#include "detect/needs.h"

/* Parts of the names of classes that rules speak of: a class file that has none of them is not looked at. */
static const struct pqm_anchor names[] = {
	PQM_ANCHOR("java/security/"),
	PQM_ANCHOR("javax/crypto/"),
	PQM_ANCHOR("javax/net/ssl/"),
	PQM_ANCHOR("jdk.tls."),
	PQM_ANCHOR("org/bouncycastle/"),
	PQM_ANCHOR("org/conscrypt/"),
	PQM_ANCHOR("com/google/crypto/"),
	PQM_ANCHOR("com/nimbusds/jose/"),
	PQM_ANCHOR("io/jsonwebtoken/"),
	PQM_ANCHOR("com/auth0/jwt/"),
	PQM_ANCHOR("org/jose4j/"),
	PQM_ANCHOR("com/jcraft/jsch/"),
	PQM_ANCHOR("org/apache/sshd/"),
	PQM_ANCHOR("net/schmizz/sshj/"),
	PQM_ANCHOR("io/netty/handler/ssl/"),
	PQM_ANCHOR("awssdk/services/kms/"),
};

/* The rules, made once for each thread. */
struct kept {
	struct pqm_java *java;
};

/* lib/modules of a runtime: all of its classes, in a form of their own. */
static bool is_jimage(pqm_bytes head)
{
	return pqm_starts(head, PQM_LIT("\xda\xda\xfe\xca"));
}

static bool wants(const struct pqm_artifact *a)
{
	static struct pqm_needs needs = PQM_NEEDS(names);

	return java_is_metadata(a) || is_jimage(a->head) ||
		(pqm_jclass_looks(a->head) && pqm_needs_met(&needs, a));
}

static enum pqm_st find_rules(struct java_look *k, struct pqm_err *err)
{
	struct pqm_arena *arena = NULL;
	struct kept *kept = pqm_emit_kept(k->out, sizeof(*kept), &arena);
	struct pqm_java *java = kept == NULL ? NULL : kept->java;
	enum pqm_st st = PQM_OK;

	if (java == NULL)
		st = pqm_java_build(&java, k->rules, "java/", kept == NULL ? k->arena : arena, err);
	if (st == PQM_OK && kept != NULL)
		kept->java = java;
	k->java = java;
	return st;
}

static bool is_known(const struct java_look *k)
{
	for (size_t i = 1; i < k->class.n_at; i++)
		if (pqm_jclass_tag(&k->class, i) == PQM_J_CLASS &&
			pqm_java_knows(k->java, pqm_jclass_text(&k->class, i)))
			return true;
	return false;
}

/* Follows every method. One that cannot be followed is told, once, and the others are. */
static enum pqm_st follow(struct java_look *k)
{
	bool is_told = false;

	k->n_methods = k->class.n_methods;
	k->methods = pqm_new(k->arena, struct java_method, k->n_methods);
	if (k->methods == NULL)
		return PQM_ENOMEM;
	for (size_t i = 0; i < k->n_methods; i++) {
		struct java_method *m = &k->methods[i];
		struct pqm_err why = { PQM_OK, "" };
		enum pqm_st st;

		m->m = &k->class.methods[i];
		m->top.method = i;
		st = pqm_jflow(&m->flow, &k->class, m->m, k->arena, &why);
		if (st == PQM_ENOMEM)
			return st;
		if (st == PQM_OK)
			continue;
		m->flow = (struct pqm_jflow){ 0 };
		k->is_partial = true;
		if (!is_told)
			pqm_emit_note(k->out, (uint64_t)(m->m->code.p - k->class.body.p), st, "%s",
				why.msg);
		is_told = true;
	}
	return PQM_OK;
}

static enum pqm_st look_at_class(struct java_look *k, struct pqm_err *err)
{
	enum pqm_st st = pqm_jclass_open(&k->class, k->a->body, k->arena, err);

	if (st != PQM_OK || !is_known(k))
		return st;
	st = pqm_jclass_members(&k->class, err);
	if (st != PQM_OK)
		return st;
	k->owner = pqm_java_owner(k->java, k->class.name);
	st = follow(k);
	return st == PQM_OK ? java_uses(k, err) : st;
}

static enum pqm_st run(const struct pqm_rules *r, const struct pqm_artifact *a,
	const struct pqm_hits *hits, struct pqm_emit *out, struct pqm_err *err)
{
	struct java_look k = { .rules = r,
		.a = a,
		.arena = a->arena,
		.out = out,
		.budget = JAVA_EVALS,
		.steps = JAVA_STEPS };
	struct pqm_err why = { PQM_OK, "" };
	enum pqm_st st;

	if (is_jimage(a->head)) {
		pqm_emit_note(out, 0, PQM_ELIMIT,
			"classes of the Java runtime itself (a jimage) are not read: its file "
			"\"release\" says which version they are");
		return PQM_OK;
	}
	if (!java_is_metadata(a) &&
		(!pqm_jclass_looks(a->head) || (hits->done_until != NULL && *hits->done_until > 0)))
		return PQM_OK;
	if (hits->done_until != NULL)
		*hits->done_until = UINT64_MAX;
	st = find_rules(&k, err);
	if (st != PQM_OK)
		return st;
	st = java_is_metadata(a) ? java_metadata(&k) : look_at_class(&k, &why);
	if (st == PQM_EPARSE || st == PQM_ELIMIT) {
		pqm_emit_note(out, k.class.bad_off, st, "%s", why.msg);
		return PQM_OK;
	}
	if (st == PQM_OK)
		return PQM_OK;
	return pqm_fail(err, st, "%s", why.msg[0] == '\0' ? "class file: out of memory" : why.msg);
}

const struct pqm_detector pqm_det_java = {
	.name = "java",
	.version = 1,
	.summary = "calls of Java's cryptography in class files, and which libraries jars are",
	.wants = wants,
	.run = run,
};
