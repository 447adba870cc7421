/* SHA-3 and SHAKE against the ACVP sessions, Monte Carlo included; lanes against single streams. */
#include "vec.h"

#include "hyb/keccak.h"

/* One function, and the two files of its session. */
struct fn {
	const char *name;
	uint32_t rate;
	uint8_t pad;
	size_t out_n; /* 0: as asked */
};

static const cJSON *answer(const cJSON *want, const cJSON *group, const cJSON *t)
{
	const cJSON *g = NULL, *a = NULL;

	cJSON_ArrayForEach(g, cJSON_GetObjectItem(cJSON_GetArrayItem(want, 1), "testGroups"))
	{
		cJSON_ArrayForEach(a, cJSON_GetObjectItem(g, "tests"))
		{
			if (vec_int(g, "tgId") == vec_int(group, "tgId") &&
				vec_int(a, "tcId") == vec_int(t, "tcId"))
				return a;
		}
	}
	return NULL;
}

static void digest(const struct fn *f, uint8_t *out, size_t n, const void *m, size_t m_n)
{
	struct hyb_part part = { m, m_n };

	hyb_keccak_hash(out, n, f->rate, f->pad, &part, 1);
}

/* The Monte-Carlo chain of ACVP: 1000 hashes between two of the hundred results. */
static void monte_carlo(
	struct vec *v, const struct fn *f, const cJSON *g, const cJSON *t, const cJSON *a)
{
	uint8_t md[4096] = { 0 }, m[64];
	hyb_bytes first = vec_hex(t, "msg");
	size_t max = (size_t)vec_int(g, "maxOutLen") / 8, min = (size_t)vec_int(g, "minOutLen") / 8;
	size_t in = f->out_n != 0 ? f->out_n : 16, n = f->out_n != 0 ? f->out_n : max;
	const cJSON *r = NULL;

	memcpy(md, first.p, first.n < in ? first.n : in);
	cJSON_ArrayForEach(r, cJSON_GetObjectItem(a, "resultsArray"))
	{
		size_t got = n;

		for (unsigned i = 0; i < 1000; i++) {
			got = n;
			memcpy(m, md, in);
			digest(f, md, n, m, in);
			if (f->out_n == 0)
				n = min + ((size_t)md[n - 2] << 8 | md[n - 1]) % (max - min + 1);
		}
		vec_case(v, vec_eq(md, got, vec_hex(r, "md")), "Monte Carlo, case %d",
			vec_int(t, "tcId"));
	}
}

static void one_case(
	struct vec *v, const struct fn *f, const cJSON *g, const cJSON *t, const cJSON *a)
{
	const char *type = vec_str(g, "testType");
	hyb_bytes m = vec_hex(t, "msg"), md = vec_hex(a, "md");
	uint8_t out[16384];
	size_t n = f->out_n != 0 ? f->out_n : md.n;

	if (type != NULL && strcmp(type, "MCT") == 0) {
		monte_carlo(v, f, g, t, a);
	} else if (type != NULL && strcmp(type, "LDT") == 0) {
		vec_skip(f->name, "the case of a gigabyte");
	} else {
		memset(out, 0, sizeof(out));
		if (n <= sizeof(out))
			digest(f, out, n, m.p, (size_t)vec_int(t, "len") / 8);
		vec_case(v, vec_eq(out, n, md), "case %d", vec_int(t, "tcId"));
	}
}

static void acvp(const struct fn *f)
{
	struct vec v = { f->name, 0, 0 };
	char path[200];
	cJSON *in = NULL, *want = NULL;
	const cJSON *g = NULL, *t = NULL;

	(void)snprintf(path, sizeof(path), VECTORS "acvp-sessions/awslc-%s-vectors.json", f->name);
	in = vec_json(f->name, path);
	(void)snprintf(path, sizeof(path), VECTORS "acvp-sessions/awslc-%s-expected.json", f->name);
	want = vec_json(f->name, path);
	if (in == NULL || want == NULL)
		return;
	cJSON_ArrayForEach(g, cJSON_GetObjectItem(cJSON_GetArrayItem(in, 1), "testGroups"))
	{
		cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
		{
			one_case(&v, f, g, t, answer(want, g, t));
		}
	}
	vec_end(&v);
}

/* Input and output in pieces of every size around the block. */
static void pieces(void)
{
	struct vec v = { "absorbing and squeezing in pieces", 0, 0 };
	uint8_t in[500], whole[500], out[500];
	uint64_t seed = 77;

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)vec_random(&seed);
	for (size_t step = 1; step <= 180; step++) {
		struct hyb_sponge k;

		hyb_shake256(whole, sizeof(whole), (hyb_bytes){ in, sizeof(in) - step });
		hyb_sponge_init(&k, HYB_RATE_SHAKE256, HYB_PAD_SHAKE);
		for (size_t at = 0; at < sizeof(in) - step; at += step)
			hyb_sponge_absorb(&k, in + at,
				sizeof(in) - step - at < step ? sizeof(in) - step - at : step);
		for (size_t at = 0; at < sizeof(out); at += step)
			hyb_sponge_squeeze(
				&k, out + at, sizeof(out) - at < step ? sizeof(out) - at : step);
		vec_case(&v, memcmp(out, whole, sizeof(out)) == 0, "pieces of %zu", step);
	}
	vec_end(&v);
}

/* A lane without input keeps its state, one without output writes nothing; add is absorption. */
static void lanes_apart(void)
{
	struct vec v = { "lanes that are left alone", 0, 0 };
	static uint8_t block[136], out[8][136], want[32];
	struct hyb_sponges k;

	for (unsigned lane = 0; lane < 8; lane++) {
		const uint8_t *in[8] = { 0 }, *other[8] = { 0 };
		uint8_t *to[8] = { 0 }, got[32];

		memset(&k, 0, sizeof(k));
		memset(out, 0x5a, sizeof(out));
		memset(block, 0, sizeof(block));
		memset(block, (int)lane, 21);
		hyb_sha3_256(want, (hyb_bytes){ block, 21 });
		block[21] = HYB_PAD_SHA3;
		block[135] ^= 0x80;
		in[lane] = block;
		hyb_sponges_add(&k, 8, in, sizeof(block));
		for (unsigned j = 0; j < 8; j++) {
			other[j] = j != lane ? block : NULL;
			to[j] = j % 2 == 0 && j != lane ? out[j] : NULL;
		}
		hyb_sponges_absorb(&k, 8, HYB_RATE_SHAKE256, HYB_PAD_SHAKE, other, 50);
		hyb_sponges_squeeze(&k, 8, HYB_RATE_SHAKE256, to, 1);
		for (unsigned i = 0; i < 4; i++)
			hyb_store64le(got + (size_t)8 * i, k.s[i][lane]);
		vec_case(&v, memcmp(got, want, 32) == 0, "lane %u", lane);
		hyb_shake256(want, 32, (hyb_bytes){ block, 50 });
		for (unsigned j = 0; j < 8; j++)
			vec_case(&v,
				to[j] != NULL ? memcmp(out[j], want, 32) == 0
					      : out[j][0] == 0x5a && out[j][135] == 0x5a,
				"lane %u beside %u", j, lane);
	}
	vec_end(&v);
}

static void lanes_equal_streams(void)
{
	struct vec v = { "eight lanes give what one stream gives", 0, 0 };
	uint64_t seed = 88172645463325252ULL;
	static uint8_t in[8][160], out[8][5 * 168], one[5 * 168];

	for (unsigned round = 0; round < 400; round++) {
		unsigned n = (unsigned)(vec_random(&seed) % 100), lanes = 1 + round % 8;
		struct hyb_sponges k;
		const uint8_t *ip[8];
		uint8_t *op[8];

		for (unsigned j = 0; j < 8; j++) {
			ip[j] = in[j];
			op[j] = out[j];
			for (unsigned i = 0; i < n; i++)
				in[j][i] = (uint8_t)vec_random(&seed);
		}
		hyb_sponges_absorb(&k, lanes, HYB_RATE_SHAKE128, HYB_PAD_SHAKE, ip, n);
		hyb_sponges_squeeze(&k, lanes, HYB_RATE_SHAKE128, op, 5);
		for (unsigned j = 0; j < lanes; j++) {
			hyb_shake128(one, sizeof(one), (hyb_bytes){ in[j], n });
			vec_case(&v, memcmp(one, out[j], sizeof(one)) == 0,
				"%u bytes, lane %u of %u", n, j, lanes);
		}
	}
	vec_end(&v);
}

int main(void)
{
	static const struct fn fns[] = {
		{ "SHA3-256", HYB_RATE_SHA3_256, HYB_PAD_SHA3, 32 },
		{ "SHA3-512", HYB_RATE_SHA3_512, HYB_PAD_SHA3, 64 },
		{ "SHAKE-128", HYB_RATE_SHAKE128, HYB_PAD_SHAKE, 0 },
		{ "SHAKE-256", HYB_RATE_SHAKE256, HYB_PAD_SHAKE, 0 },
	};

	for (unsigned i = 0; i < 4; i++)
		acvp(&fns[i]);
	pieces();
	lanes_apart();
	lanes_equal_streams();
	return vec_failures != 0;
}
