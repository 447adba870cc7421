/* fuzz_dist.c — what is installed and what is asked for: the first byte says as which file. */
#include "emit.h"

extern const struct pqm_detector pqm_det_deps, pqm_det_node, pqm_det_python;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *path;
	const struct pqm_detector *by;
} files[] = {
	{ "x/requirements.txt", &pqm_det_deps },
	{ "x/pyproject.toml", &pqm_det_deps },
	{ "x/package-lock.json", &pqm_det_deps },
	{ "x/yarn.lock", &pqm_det_deps },
	{ "x/pnpm-lock.yaml", &pqm_det_deps },
	{ "x/go.mod", &pqm_det_deps },
	{ "x/Cargo.lock", &pqm_det_deps },
	{ "x/pom.xml", &pqm_det_deps },
	{ "x/conanfile.py", &pqm_det_deps },
	{ "x/CMakeLists.txt", &pqm_det_deps },
	{ "x/node_modules/a/package.json", &pqm_det_node },
	{ "x/site-packages/a-1.dist-info/METADATA", &pqm_det_python },
	{ "x/site-packages/a-1.dist-info/RECORD", &pqm_det_python },
	{ "x/site-packages/a-1.dist-info/top_level.txt", &pqm_det_python },
	{ "x/site-packages/a-1.egg-info/PKG-INFO", &pqm_det_python },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pqm_emit emit = emit_checks();

	if (size == 0)
		return 0;
	emit.found = emit_see_binary;
	size_t i = data[0] % (sizeof(files) / sizeof(files[0]));

	emit_run(files[i].by, &emit, files[i].path, (pqm_bytes){ data + 1, size - 1 }, NULL, 0);
	return 0;
}
