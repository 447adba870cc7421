/* SLH-DSA against the ACVP vectors: keyGen, sigGen and sigVer, all on the internal interface. */
#include "vec.h"

#include "hyb/slhdsa.h"

#define ACVP VECTORS "nist-acvp/SLH-DSA-"
#define SESSION VECTORS "acvp-sessions/boringssl-SLH-DSA-"

static uint8_t sig[HYB_SLHDSA_SIG_MAX];

static int find_set(const char *name)
{
	for (int s = 0; name != NULL && s < HYB_SLHDSA_SETS; s++)
		if (strcmp(hyb_slhdsa_info((enum hyb_slhdsa)s)->name, name) == 0)
			return s;
	return -1;
}

/* Portable C takes seconds for a signature of the small sets: it gets every `rarely`-th of those. */
static bool leave_out(enum hyb_slhdsa set, unsigned nth, unsigned rarely, unsigned *n_left_out)
{
	const char *name = hyb_slhdsa_info(set)->name;

	if (hyb_cpu() != HYB_CPU_C || name[strlen(name) - 1] != 's' || nth % rarely == 0)
		return false;
	(*n_left_out)++;
	return true;
}

static void end(struct vec *v, unsigned n_left_out)
{
	char name[160];

	if (n_left_out > 0) {
		(void)snprintf(name, sizeof(name), "%s (portable C: %u slow ones left out)",
			v->name, n_left_out);
		v->name = name;
	}
	vec_end(v);
}

static void one_keygen(struct vec *v, int set, const cJSON *t, const cJSON *want)
{
	hyb_bytes seed = vec_hex(t, "skSeed"), prf = vec_hex(t, "skPrf"),
		  pub = vec_hex(t, "pkSeed");
	uint8_t seeds[96], pk[HYB_SLHDSA_PK_MAX], sk[HYB_SLHDSA_SK_MAX];
	const struct hyb_slhdsa_info *p = hyb_slhdsa_info((enum hyb_slhdsa)set);
	bool good = p != NULL && seed.n == p->n && prf.n == p->n && pub.n == p->n;

	if (good) {
		memcpy(seeds, seed.p, p->n);
		memcpy(seeds + p->n, prf.p, p->n);
		memcpy(seeds + 2 * p->n, pub.p, p->n);
		good = hyb_slhdsa_keygen_derand((enum hyb_slhdsa)set, pk, sk, seeds) == HYB_OK &&
			vec_eq(pk, p->pk_bytes, vec_hex(want, "pk")) &&
			vec_eq(sk, p->sk_bytes, vec_hex(want, "sk"));
	}
	vec_case(v, good, "case %d", vec_int(t, "tcId"));
}

static void keygen(void)
{
	struct vec v = { "SLH-DSA keyGen ACVP, 12 sets", 0, 0 };
	cJSON *doc = vec_json(v.name, ACVP "keyGen-FIPS205/internalProjection.json");
	const cJSON *g = NULL, *t = NULL;
	unsigned left_out = 0;

	if (doc == NULL)
		return;
	cJSON_ArrayForEach(g, cJSON_GetObjectItem(doc, "testGroups"))
	{
		int set = find_set(vec_str(g, "parameterSet"));
		unsigned nth = 0;

		cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
		{
			if (set < 0 || !leave_out((enum hyb_slhdsa)set, nth++, 3, &left_out))
				one_keygen(&v, set, t, t);
		}
	}
	end(&v, left_out);
	cJSON_Delete(doc);
}

static void one_sign(
	struct vec *v, int set, hyb_bytes sk, hyb_bytes m, hyb_bytes rnd, hyb_bytes want)
{
	const struct hyb_slhdsa_info *p = set < 0 ? NULL : hyb_slhdsa_info((enum hyb_slhdsa)set);
	bool good = p != NULL && sk.n == p->sk_bytes && (rnd.p == NULL || rnd.n == p->n) &&
		hyb_slhdsa_sign_internal((enum hyb_slhdsa)set, sig, &m, 1, rnd.p, sk.p) == HYB_OK &&
		vec_eq(sig, p->sig_bytes, want) &&
		hyb_slhdsa_verify_internal((enum hyb_slhdsa)set, want, &m, 1, sk.p + 2 * p->n);

	vec_case(v, good, "signature %u", v->n);
}

/* One case of the text files; a field that is not there is NULL. */
struct text_case {
	hyb_bytes sk, m, rnd, sig;
	size_t bits;
};

static void text_field(struct text_case *c, const char *key, const char *value)
{
	if (strcmp(key, "sk") == 0)
		c->sk = vec_unhex(value);
	else if (strcmp(key, "messageLength") == 0)
		c->bits = strtoul(value, NULL, 10);
	else if (strcmp(key, "message") == 0)
		c->m = vec_unhex(value);
	else if (strcmp(key, "additionalRandomness") == 0)
		c->rnd = vec_unhex(value);
	else if (strcmp(key, "signature") == 0)
		c->sig = vec_unhex(value);
}

/* `key = value` lines; an empty line ends a case. */
static void siggen_file(struct vec *v, const char *name, unsigned *left_out)
{
	char path[200];
	char *line = NULL, *next = NULL;
	struct text_case c = { 0 };
	int set = find_set(name);
	unsigned nth = 0;

	(void)snprintf(path, sizeof(path), ACVP "sigGen-FIPS205/sigGen_%s.txt", name);
	line = vec_file(path, NULL);
	if (line == NULL) {
		vec_skip(path, "not there");
		return;
	}
	for (; line != NULL; line = next) {
		char *value = NULL;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "\r")] = '\0';
		value = strstr(line, " = ");
		if (value != NULL) {
			*value = '\0';
			text_field(&c, line, value + 3);
		}
		if ((value == NULL || next == NULL) && c.sig.p != NULL) {
			c.m.n = c.bits / 8;
			if (!leave_out((enum hyb_slhdsa)set, nth++, 5, left_out))
				one_sign(v, set, c.sk, c.m, c.rnd, c.sig);
			c = (struct text_case){ 0 };
		}
	}
}

static void siggen(void)
{
	static const char *const names[] = { "SLH-DSA-SHA2-192s", "SLH-DSA-SHA2-256f",
		"SLH-DSA-SHAKE-128f", "SLH-DSA-SHAKE-192s" };
	struct vec v = { "SLH-DSA sigGen ACVP, 4 sets", 0, 0 };
	unsigned left_out = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		siggen_file(&v, names[i], &left_out);
	if (v.n > 0)
		end(&v, left_out);
}

static void one_verify(struct vec *v, int set, const cJSON *t, bool want)
{
	hyb_bytes m = vec_hex(t, "message"), pk = vec_hex(t, "pk");

	vec_case(v,
		set >= 0 && pk.n == hyb_slhdsa_info((enum hyb_slhdsa)set)->pk_bytes &&
			hyb_slhdsa_verify_internal(
				(enum hyb_slhdsa)set, vec_hex(t, "signature"), &m, 1, pk.p) == want,
		"case %d: %s", vec_int(t, "tcId"),
		vec_str(t, "reason") != NULL ? vec_str(t, "reason") : "");
}

static void sigver(void)
{
	struct vec v = { "SLH-DSA sigVer ACVP, 5 sets", 0, 0 };
	cJSON *doc = vec_json(v.name, ACVP "sigVer-FIPS205/internalProjection.json");
	const cJSON *g = NULL, *t = NULL;

	if (doc == NULL)
		return;
	cJSON_ArrayForEach(g, cJSON_GetObjectItem(doc, "testGroups"))
	{
		cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
		{
			one_verify(&v, find_set(vec_str(g, "parameterSet")), t,
				cJSON_IsTrue(cJSON_GetObjectItem(t, "testPassed")));
		}
	}
	vec_end(&v);
	cJSON_Delete(doc);
}

/* The answer to case tcId of group tgId in the same place of the expected document. */
static const cJSON *answer(const cJSON *want, int tg, int tc)
{
	const cJSON *g = NULL, *t = NULL;

	cJSON_ArrayForEach(g, cJSON_GetObjectItem(want, "testGroups"))
	{
		cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
		{
			if (vec_int(g, "tgId") == tg && vec_int(t, "tcId") == tc)
				return t;
		}
	}
	return NULL;
}

static void session_case(struct vec *v, const char *mode, int set, const cJSON *t, const cJSON *a)
{
	if (a == NULL)
		vec_case(v, false, "no answer to case %d", vec_int(t, "tcId"));
	else if (strcmp(mode, "keyGen") == 0)
		one_keygen(v, set, t, a);
	else if (strcmp(mode, "sigGen") == 0)
		one_sign(v, set, vec_hex(t, "sk"), vec_hex(t, "message"),
			vec_hex(t, "additionalRandomness"), vec_hex(a, "signature"));
	else
		one_verify(v, set, t, cJSON_IsTrue(cJSON_GetObjectItem(a, "testPassed")));
}

static void session(void)
{
	struct vec v = { "SLH-DSA-SHA2-128s laboratory session", 0, 0 };
	cJSON *in = vec_json(v.name, SESSION "vectors.json");
	cJSON *want = vec_json(v.name, SESSION "expected.json");
	const cJSON *g = NULL, *t = NULL;

	for (int i = 1; in != NULL && want != NULL && i < cJSON_GetArraySize(in); i++) {
		const cJSON *s = cJSON_GetArrayItem(in, i);

		cJSON_ArrayForEach(g, cJSON_GetObjectItem(s, "testGroups"))
		{
			cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
			{
				session_case(&v, vec_str(s, "mode"),
					find_set(vec_str(g, "parameterSet")), t,
					answer(cJSON_GetArrayItem(want, i), vec_int(g, "tgId"),
						vec_int(t, "tcId")));
			}
		}
	}
	if (v.n > 0)
		vec_end(&v);
	cJSON_Delete(in);
	cJSON_Delete(want);
}

int main(void)
{
	keygen();
	siggen();
	sigver();
	session();
	return vec_failures != 0;
}
