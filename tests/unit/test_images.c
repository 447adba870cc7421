#include "unit.h"

#include "base/hash.h"
#include "base/limits.h"
#include "parse/oci.h"
#include "source/img_auth.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64

static struct pqm_arena a;

static int setup(void **state)
{
	(void)state;
	pqm_arena_init(&a, PQM_ARENA_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pqm_arena_fini(&a);
	return 0;
}

static const char manifest[] =
	"{\"schemaVersion\":2,\"config\":{\"digest\":\"" DIGEST "\",\"size\":7,\"mediaType\":"
	"\"application/vnd.oci.image.config.v1+json\"},\"layers\":[{\"digest\":\"" DIGEST
	"\",\"size\":12,\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+zstd\"}]}";

static void a_manifest_gives_its_layers(void **state)
{
	struct pqm_oci_manifest m;
	struct pqm_err err = { 0 };

	(void)state;
	assert_int_equal(pqm_oci_manifest_parse(&m, pqm_str(manifest), &a, &err), PQM_OK);
	assert_false(m.is_index);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.list[0].size, 12);
	assert_bytes(m.config.digest, DIGEST);
	assert_true(pqm_oci_is_layer(m.list[0].media_type));
	for (size_t n = 0; n + 1 < sizeof(manifest) - 1; n++) {
		pqm_bytes cut = { (const uint8_t *)manifest, n };

		assert_int_not_equal(pqm_oci_manifest_parse(&m, cut, &a, &err), PQM_OK);
	}
}

static void what_is_no_manifest_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", "schema 1" },
		{ "{}", "neither" },
		{ "[]", "no JSON object" },
		{ "{\"layers\":[{\"digest\":\"sha256:12\"}]}", "digest" },
		{ "{\"manifests\":[{\"digest\":\"md5:" HEX64 "\"}]}", "digest" },
		{ "{\"layers\":[{\"digest\":\"sha256:0123456789ABCDEF" HEX64 "\"}]}", "digest" },
	};

	struct pqm_oci_manifest m;
	struct pqm_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			pqm_oci_manifest_parse(&m, pqm_str(bad[i].text), &a, &err), PQM_EPARSE);
		assert_non_null(strstr(err.msg, bad[i].words));
	}
}

/* The step of one layer, as a reader gets it. */
static pqm_bytes step(const char *created_by)
{
	static struct pqm_oci_config c;
	struct pqm_err err = { 0 };
	pqm_bytes text = pqm_arena_f(&a,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"x\"]},"
		"\"history\":[{\"created_by\":\"ENV A=b\",\"empty_layer\":true},"
		"{\"created_by\":\"%s\"}]}",
		created_by);

	assert_int_equal(pqm_oci_config_parse(&c, text, &a, &err), PQM_OK);
	assert_int_equal(c.n_made_by, 1);
	return c.made_by[0];
}

static void a_step_is_told_without_its_secrets(void **state)
{
	static const struct {
		const char *given, *told;
	} steps[] = {
		{ "/bin/sh -c #(nop) COPY a b ", "COPY a b" },
		{ "RUN /bin/sh -c apt-get install x=1.2", "RUN /bin/sh -c apt-get install x=1.2" },
		{ "RUN |2 A=one TOKEN=two /bin/sh -c make CC=gcc",
			"RUN |2 A=… TOKEN=… /bin/sh -c make CC=gcc" },
		{ "ENV DB_PASSWORD=hunter2", "ENV DB_PASSWORD=…" },
		{ "ENV DB_PASSWORD='a b c' X=1", "ENV DB_PASSWORD=… X=1" },
		{ "git clone https://u:p@h/r", "git clone https://…@h/r" },
		{ "curl -u me:pw https://h", "curl -u … https://h" },
		{ "curl --password pw h", "curl --password … h" },
		{ "login -p pw", "login -p …" },
		{ "mkdir -p /a/b", "mkdir -p /a/b" },
		{ "curl -H Authorization: abc", "curl -H Authorization: …" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		assert_bytes(step(steps[i].given), steps[i].told);
	assert_true(step("RUN "
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
			 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc")
			    .n <= 203);
}

static void a_history_of_another_length_is_none(void **state)
{
	struct pqm_oci_config c;
	struct pqm_err err = { 0 };

	(void)state;
	assert_int_equal(pqm_oci_config_parse(&c,
				 PQM_LIT("{\"rootfs\":{\"diff_ids\":[\"x\",\"y\"]},"
					 "\"history\":[{\"created_by\":\"RUN a\"}]}"),
				 &a, &err),
		PQM_OK);
	assert_int_equal(c.n_diff_ids, 2);
	assert_int_equal(c.n_made_by, 0);
}

static void references_are_read_as_clients_do(void **state)
{
	static const struct {
		const char *text, *host, *repo, *tag, *digest;
	} good[] = {
		{ "nginx", "docker.io", "library/nginx", "latest", "" },
		{ "vllm/vllm-openai:v0.6", "docker.io", "vllm/vllm-openai", "v0.6", "" },
		{ "ghcr.io/a/b/c:1", "ghcr.io", "a/b/c", "1", "" },
		{ "localhost/x", "localhost", "x", "latest", "" },
		{ "127.0.0.1:5000/x:y", "127.0.0.1:5000", "x", "y", "" },
		{ "h.x/a@" DIGEST, "h.x", "a", "", DIGEST },
		{ "h.x/a:t@" DIGEST, "h.x", "a", "t", DIGEST },
	};

	static const char *const bad[] = { "", "UPPER/case", "h.x/", "h.x/a:", "h.x/a@sha256:12",
		"h.x/a b", "h.x/../a", "h.x/a:-t", "-h.x/a", "h.x/a/", "u@h.x/a", "h.x/a?b" };
	struct pqm_oci_ref r;
	struct pqm_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(pqm_oci_ref_parse(&r, pqm_str(good[i].text), &a, &err), PQM_OK);
		assert_bytes(r.host, good[i].host);
		assert_bytes(r.repo, good[i].repo);
		assert_bytes(r.tag, good[i].tag);
		assert_bytes(r.digest, good[i].digest);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pqm_oci_ref_parse(&r, pqm_str(bad[i]), &a, &err), PQM_EUSAGE);
}

static void names_in_layers_are_what_they_mean(void **state)
{
	static const struct {
		const char *name, *path;
		enum pqm_oci_mark mark;
	} good[] = {
		{ "./a//b/", "a/b", PQM_OCI_PLAIN },
		{ "/a", "a", PQM_OCI_PLAIN },
		{ "./", "", PQM_OCI_PLAIN },
		{ "a/.wh.b", "a/b", PQM_OCI_WHITEOUT },
		{ ".wh.b", "b", PQM_OCI_WHITEOUT },
		{ "a/b/.wh..wh..opq", "a/b", PQM_OCI_OPAQUE },
		{ ".wh..wh..opq", "", PQM_OCI_OPAQUE },
		{ ".wh..wh.plnk", ".wh..wh.plnk", PQM_OCI_IGNORED },
		{ "a/.wh.", "a/.wh.", PQM_OCI_IGNORED },
		{ "a/..b", "a/..b", PQM_OCI_PLAIN },
	};

	static const char *const bad[] = { "..", "../a", "a/../../b", "a/.." };
	enum pqm_oci_mark mark;
	struct pqm_buf b;

	(void)state;
	pqm_buf_init(&b, 2 * PQM_ENTRY_NAME_BYTES);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(pqm_oci_path(&b, pqm_str(good[i].name), &mark));
		assert_bytes(pqm_buf_bytes(&b), good[i].path);
		assert_int_equal(mark, good[i].mark);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pqm_oci_path(&b, pqm_str(bad[i]), &mark));
	pqm_buf_fini(&b);
}

static bool platform_fits(const char *wish, const char *have)
{
	struct pqm_platform w, h;

	assert_true(pqm_platform_parse(&w, pqm_str(wish)));
	assert_true(pqm_platform_parse(&h, pqm_str(have)));
	return pqm_platform_fits(&w, &h);
}

static void platforms_fit(void **state)
{
	struct pqm_platform p;

	(void)state;
	assert_true(platform_fits("linux/arm64", "linux/arm64/v8"));
	assert_true(platform_fits("linux/arm64/v8", "linux/arm64"));
	assert_true(platform_fits("linux/arm/v7", "linux/arm"));
	assert_false(platform_fits("linux/arm/v6", "linux/arm/v7"));
	assert_false(platform_fits("linux/amd64", "windows/amd64"));
	assert_false(pqm_platform_parse(&p, PQM_LIT("amd64")));
	assert_false(pqm_platform_parse(&p, PQM_LIT("linux/")));
	assert_false(pqm_platform_parse(&p, PQM_LIT("linux/a/b/c")));
}

static void digests_are_streamed(void **state)
{
	uint8_t hash[PQM_DIGEST_BYTES_MAX];
	struct pqm_digest *d = pqm_digest_new(false);
	size_t n;

	(void)state;
	pqm_digest_add(d, PQM_LIT("a"));
	pqm_digest_add(d, PQM_LIT("bc"));
	n = pqm_digest_end(d, hash);
	assert_true(pqm_oci_digest_is(PQM_LIT("sha256:ba7816bf8f01cfea414140de5dae2223b00361a39617"
					      "7a9cb410ff61f20015ad"),
		hash, n));
	assert_false(pqm_oci_digest_is(PQM_LIT(DIGEST), hash, n));
	pqm_digest_free(d);
}

static const char docker[] =
	"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"aHViOnB3\"},"
	"\"h.x\":{\"auth\":\"am9lOmE6Yg==\"},\"h.x/team\":{\"username\":\"t\",\"password\":\"q\"},"
	"\"i.x:5000\":{\"identitytoken\":\"idt\"}},\"credHelpers\":{\"e.x\":\"ecr\"},"
	"\"credsStore\":\"store\"}";

static struct pqm_docker_cred cred(const char *host, const char *repo)
{
	struct pqm_docker_cred c;
	struct pqm_err err = { 0 };

	assert_int_equal(
		pqm_docker_config_find(&c, pqm_str(docker), pqm_str(host), pqm_str(repo), &a, &err),
		PQM_OK);
	return c;
}

static void credentials_are_those_of_the_registry(void **state)
{
	struct pqm_docker_cred c;
	struct pqm_err err = { 0 };

	(void)state;
	assert_bytes(cred("docker.io", "library/x").user, "hub");
	c = cred("h.x", "other/y");
	assert_bytes(c.user, "joe");
	assert_bytes(c.password, "a:b");
	assert_bytes(cred("h.x", "team/y").user, "t");
	assert_bytes(cred("h.x", "teammate/y").user, "joe");
	assert_bytes(cred("i.x:5000", "y").identity, "idt");
	assert_string_equal(cred("e.x", "y").helper, "docker-credential-ecr");
	assert_string_equal(cred("none.x", "y").helper, "docker-credential-store");
	assert_int_equal(pqm_docker_config_find(&c, PQM_LIT("{\"credsStore\":\"../sh\"}"),
				 PQM_LIT("h"), PQM_LIT("r"), &a, &err),
		PQM_EUSAGE);
	assert_int_equal(pqm_docker_config_find(
				 &c, PQM_LIT("nonsense"), PQM_LIT("h"), PQM_LIT("r"), &a, &err),
		PQM_EUSAGE);
	assert_null(strstr(err.msg, "nonsense"));
	assert_int_equal(pqm_docker_helper_parse(&c,
				 PQM_LIT("{\"Username\":\"<token>\",\"Secret\":\"s\"}"), &a, &err),
		PQM_OK);
	assert_bytes(c.identity, "s");
	assert_bytes(pqm_basic(PQM_LIT("joe"), PQM_LIT("a:b"), &a), "am9lOmE6Yg==");
}

static void challenges_and_redirects(void **state)
{
	struct pqm_challenge c;

	(void)state;
	assert_true(pqm_challenge_parse(&c,
		PQM_LIT("Basic realm=\"x\", Bearer realm=\"https://t.x/token?a=1\",service=\"s "
			"x\",scope=\"repository:a/b:pull\""),
		&a));
	assert_true(c.is_bearer && c.is_basic);
	assert_string_equal(pqm_challenge_url(&c, PQM_LIT("other"), &a),
		"https://t.x/token?a=1&scope=repository:a/b:pull&service=s%20x");
	assert_true(pqm_challenge_parse(&c, PQM_LIT("Bearer realm=\"file:///etc/passwd\""), &a));
	assert_null(pqm_challenge_url(&c, PQM_LIT("x"), &a));
	assert_true(pqm_challenge_parse(&c, PQM_LIT("Bearer realm=\"https://u:p@h/\""), &a));
	assert_null(pqm_challenge_url(&c, PQM_LIT("x"), &a));
	assert_false(pqm_challenge_parse(&c, PQM_LIT("Negotiate"), &a));
	assert_false(pqm_challenge_parse(&c, PQM_LIT(""), &a));
	assert_string_equal(
		pqm_redirect(PQM_LIT("/x?y"), "https://h:1/v2/z", false, &a), "https://h:1/x?y");
	assert_null(pqm_redirect(PQM_LIT("http://h/"), "https://h/", false, &a));
	assert_non_null(pqm_redirect(PQM_LIT("http://h/"), "http://h/", true, &a));
	assert_null(pqm_redirect(PQM_LIT("//h/"), "https://h/", true, &a));
	assert_null(pqm_redirect(PQM_LIT("ftp://h/"), "https://h/", true, &a));
	assert_bytes(pqm_token_parse(PQM_LIT("{\"access_token\":\"t\"}"), &a), "t");
	assert_int_equal(pqm_token_parse(PQM_LIT("{\"token\":\"a\\nb\"}"), &a).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_manifest_gives_its_layers, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_manifest_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_step_is_told_without_its_secrets, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_history_of_another_length_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(references_are_read_as_clients_do, setup, teardown),
		cmocka_unit_test_setup_teardown(
			names_in_layers_are_what_they_mean, setup, teardown),
		cmocka_unit_test_setup_teardown(platforms_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(digests_are_streamed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			credentials_are_those_of_the_registry, setup, teardown),
		cmocka_unit_test_setup_teardown(challenges_and_redirects, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
