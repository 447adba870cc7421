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

static void images_go_by_path_segments(void **state)
{
	(void)state;
	assert_true(found(PQM_AI_IMAGE, "vllm-openai", "vllm/vllm-openai:v0.9.1"));
	assert_true(found(
		PQM_AI_IMAGE, "vllm-openai", "10.0.0.1:5000/mirror/vllm/vllm-openai@sha256:00"));
	assert_true(found(PQM_AI_IMAGE, "nim/*", "nvcr.io/nim/meta/llama3:1"));
	assert_true(found(PQM_AI_IMAGE, "*:*-jupyter", "tensorflow/tensorflow:2.16-gpu-jupyter"));
	assert_false(found(PQM_AI_IMAGE, "vllm-openai", "team/my-vllm-openai:1"));
	assert_false(found(PQM_AI_IMAGE, "vllm", "vllm/other:1"));
	assert_false(found(PQM_AI_IMAGE, "feast", "team/breakfeast:1"));
	assert_false(found(PQM_AI_IMAGE, "ollama", "team/app:ollama"));
}

static void commands_go_by_words(void **state)
{
	(void)state;
	assert_true(found(PQM_AI_COMMAND, "vllm serve", "sh -c cd /srv && exec vllm  serve m"));
	assert_true(found(PQM_AI_COMMAND, "vllm serve", "/opt/venv/bin/vllm\nserve m"));
	assert_true(found(PQM_AI_COMMAND, "vllm.entrypoints.*",
		"python3 -m vllm.entrypoints.openai.api_server"));
	assert_true(found(PQM_AI_COMMAND, "--epochs", "python x.py --epochs=3"));
	assert_true(found(PQM_AI_COMMAND, "*_train.py", "python src/churn_train.py -v"));
	assert_false(found(PQM_AI_COMMAND, "*_train.py", "python churn_x import_train.pyc"));
	assert_false(found(PQM_AI_COMMAND, "train*.py", "train station.py"));
	assert_false(found(PQM_AI_COMMAND, "--epochs", "beacon --epochs-per-migration 1"));
	assert_false(found(PQM_AI_COMMAND, "torchrun", "torchrunner x"));
	assert_false(found(PQM_AI_COMMAND, "qdrant", "http-qdrant --url x"));
}

static void variables_labels_and_names(void **state)
{
	(void)state;
	assert_true(found(PQM_AI_VARIABLE, "NCCL_*", "NCCL_DEBUG=INFO"));
	assert_true(found(PQM_AI_VARIABLE, "HF_TOKEN", "HF_TOKEN="));
	assert_true(found(PQM_AI_VARIABLE, "OLLAMA_HOST=http*", "OLLAMA_HOST=http://ollama:11434"));
	assert_false(found(PQM_AI_VARIABLE, "OLLAMA_HOST=http*", "OLLAMA_HOST=0.0.0.0"));
	assert_false(found(PQM_AI_VARIABLE, "HF_TOKEN", "MY_HF_TOKEN=x"));
	assert_true(found(
		PQM_AI_LABEL, "app.kubernetes.io/name=vllm*", "app.kubernetes.io/name=vllm-stack"));
	assert_false(found(PQM_AI_LABEL, "app=jupyterhub", "my-app=jupyterhub"));
	assert_true(found(PQM_AI_NAME, "vllm", "team-vllm-7b"));
	assert_false(found(PQM_AI_NAME, "vllm", "vllmish"));
	assert_true(found(PQM_AI_RESOURCE, "nvidia.com/mig-*", "nvidia.com/mig-1g.5gb"));
	assert_true(found(PQM_AI_PORT, "8000", "8000"));
	assert_false(found(PQM_AI_PORT, "8000", "18000"));
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
