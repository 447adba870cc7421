/* SHA-3 and SHAKE against the ACVP sessions; lanes against single streams. */
#include "vec.h"

#include "hyb/keccak.h"

static void acvp(const char *name, const char *file, uint32_t rate, uint8_t pad, size_t out_n)
{
	struct vec v = { name, 0, 0 };
	char path[200];
	cJSON *in = NULL, *want = NULL, *session = NULL;

	(void)snprintf(path, sizeof(path), VECTORS "acvp-sessions/awslc-%s-vectors.json", file);
	in = vec_json(name, path);
	(void)snprintf(path, sizeof(path), VECTORS "acvp-sessions/awslc-%s-expected.json", file);
	want = vec_json(name, path);
	if (in == NULL || want == NULL)
		return;
	cJSON_ArrayForEach(session, in)
	{
		const cJSON *g = NULL, *t = NULL, *wg = NULL, *wt = NULL;

		cJSON_ArrayForEach(g, cJSON_GetObjectItem(session, "testGroups"))
		{
			if (vec_str(g, "testType") == NULL ||
				strcmp(vec_str(g, "testType"), "MCT") == 0)
				continue;
			cJSON_ArrayForEach(t, cJSON_GetObjectItem(g, "tests"))
			{
				hyb_bytes m = vec_hex(t, "msg"), md = { NULL, 0 };
				struct hyb_part part = { m.p, (size_t)vec_int(t, "len") / 8 };
				uint8_t out[16384];
				size_t n = out_n;

				if (vec_int(t, "len") % 8 != 0)
					continue;
				cJSON_ArrayForEach(wg,
					cJSON_GetObjectItem(cJSON_GetArrayItem(want, 1),
						"testGroups")) cJSON_ArrayForEach(wt,
					cJSON_GetObjectItem(wg, "tests")) if (vec_int(wg, "tgId") ==
						vec_int(g, "tgId") &&
					vec_int(wt, "tcId") == vec_int(t, "tcId")) md =
					vec_hex(wt, "md");
				if (n == 0)
					n = md.n;
				if (n > sizeof(out))
					continue;
				hyb_keccak_hash(out, n, rate, pad, &part, 1);
				vec_case(&v, vec_eq(out, n, md), "case %d", vec_int(t, "tcId"));
			}
		}
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
	acvp("SHA3-256 ACVP", "SHA3-256", HYB_RATE_SHA3_256, HYB_PAD_SHA3, 32);
	acvp("SHA3-512 ACVP", "SHA3-512", HYB_RATE_SHA3_512, HYB_PAD_SHA3, 64);
	acvp("SHAKE-128 ACVP", "SHAKE-128", HYB_RATE_SHAKE128, HYB_PAD_SHAKE, 0);
	acvp("SHAKE-256 ACVP", "SHAKE-256", HYB_RATE_SHAKE256, HYB_PAD_SHAKE, 0);
	lanes_equal_streams();
	return vec_failures != 0;
}
