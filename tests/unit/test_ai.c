/* test_ai.c — patterns of rules/ai: where parts begin and end, what '*' takes, hostile texts. */
#include "unit.h"

#include "rules/ai.h"

static bool found(enum pqm_ai_field f, const char *pattern, const char *text)
{
	pqm_bytes t = pqm_str(text);

	for (size_t i = 0; i < t.n; i++)
		if (pqm_ai_begins(f, t, i) && pqm_ai_fits(f, pqm_str(pattern), t, i))
			return true;
	return false;
}

struct row {
	const char *pattern, *text;
	bool fits;
};

static void check(enum pqm_ai_field f, const struct row *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (found(f, t[i].pattern, t[i].text) != t[i].fits)
			fail_msg("'%s' %s '%s'", t[i].pattern, t[i].fits ? "misses" : "fits",
				t[i].text);
}

#define CHECK(f, t) check(f, t, sizeof(t) / sizeof((t)[0]))

static void images_go_by_path_segments(void **state)
{
	static const struct row t[] = {
		{ "vllm-openai", "vllm/vllm-openai:v0.9.1", true },
		{ "vllm-openai", "10.0.0.1:5000/mirror/vllm/vllm-openai@sha256:00", true },
		{ "nim/*", "nvcr.io/nim/meta/llama3:1", true },
		{ "*:*-jupyter", "tensorflow/tensorflow:2.16-gpu-jupyter", true },
		{ "vllm-openai", "team/my-vllm-openai:1", false },
		{ "vllm", "vllm/other:1", false },
		{ "feast", "team/breakfeast:1", false },
		{ "ollama", "team/app:ollama", false },
	};

	(void)state;
	CHECK(PQM_AI_IMAGE, t);
}

static void commands_go_by_words(void **state)
{
	static const struct row t[] = {
		{ "vllm serve", "sh -c cd /srv && exec vllm  serve m", true },
		{ "vllm serve", "/opt/venv/bin/vllm\nserve m", true },
		{ "vllm.entrypoints.*", "python3 -m vllm.entrypoints.openai.api_server", true },
		{ "--epochs", "python x.py --epochs=3", true },
		{ "*_train.py", "python src/churn_train.py -v", true },
		{ "*_train.py", "python churn_x import_train.pyc", false },
		{ "train*.py", "train station.py", false },
		{ "--epochs", "beacon --epochs-per-migration 1", false },
		{ "torchrun", "torchrunner x", false },
		{ "qdrant", "http-qdrant --url x", false },
	};

	(void)state;
	CHECK(PQM_AI_COMMAND, t);
}

static void variables_labels_and_names(void **state)
{
	static const struct row variables[] = {
		{ "NCCL_*", "NCCL_DEBUG=INFO", true },
		{ "HF_TOKEN", "HF_TOKEN=", true },
		{ "OLLAMA_HOST=http*", "OLLAMA_HOST=http://ollama:11434", true },
		{ "OLLAMA_HOST=http*", "OLLAMA_HOST=0.0.0.0", false },
		{ "HF_TOKEN", "MY_HF_TOKEN=x", false },
	};
	static const struct row labels[] = {
		{ "app.kubernetes.io/name=vllm*", "app.kubernetes.io/name=vllm-stack", true },
		{ "app=jupyterhub", "my-app=jupyterhub", false },
	};
	static const struct row names[] = {
		{ "vllm", "team-vllm-7b", true },
		{ "vllm", "vllmish", false },
	};
	static const struct row resources[] = {
		{ "nvidia.com/mig-*", "nvidia.com/mig-1g.5gb", true },
	};
	static const struct row ports[] = {
		{ "8000", "8000", true },
		{ "8000", "18000", false },
	};

	(void)state;
	CHECK(PQM_AI_VARIABLE, variables);
	CHECK(PQM_AI_LABEL, labels);
	CHECK(PQM_AI_NAME, names);
	CHECK(PQM_AI_RESOURCE, resources);
	CHECK(PQM_AI_PORT, ports);
}

/* Stars over a text that almost fits must not take more than stars times its length. */
static void hostile_texts_end(void **state)
{
	static char text[16384];
	static const uint8_t zeros[8];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_false(found(PQM_AI_COMMAND, "*a*a*a*a*a*a*b", text));
	for (size_t i = 0; i < sizeof(zeros); i++)
		assert_false(pqm_ai_fits(
			PQM_AI_COMMAND, PQM_LIT("a"), (pqm_bytes){ zeros, sizeof(zeros) }, i));
	assert_false(pqm_ai_fits(PQM_AI_IMAGE, PQM_LIT("a"), (pqm_bytes){ NULL, 0 }, 0));
	assert_true(pqm_ai_fits(PQM_AI_IMAGE, PQM_LIT("*"), (pqm_bytes){ NULL, 0 }, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_go_by_path_segments),
		cmocka_unit_test(commands_go_by_words),
		cmocka_unit_test(variables_labels_and_names),
		cmocka_unit_test(hostile_texts_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
