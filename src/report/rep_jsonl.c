#include "report/json_parts.h"
#include "report/jsonl.h"

void pqm_jsonl_head(struct pqm_out *o, pqm_bytes tool_version, pqm_bytes rules_version)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "type", "head");
	pqm_js_cstr(o, "schema", "pqmap.stream");
	pqm_js_u64(o, "schema_version", 1);
	pqm_js_str(o, "tool", tool_version);
	pqm_js_str(o, "rules", rules_version);
	pqm_js_close(o, '}');
}

void pqm_jsonl_endpoint(struct pqm_out *o, const struct pqm_rules *rules,
	const struct pqm_endpoint *e, unsigned with)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "type", "endpoint");
	pqm_endpoint_json(o, "endpoint", rules, e, with);
	pqm_js_close(o, '}');
}

void pqm_jsonl_rest(struct pqm_out *o, const struct pqm_inventory *inv)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "type", "targets");
	pqm_json_targets(o, inv);
	pqm_js_close(o, '}');
	for (size_t i = 0; i < inv->n_findings; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_cstr(o, "type", "finding");
		pqm_json_finding(o, "finding", &inv->findings[i]);
		pqm_js_close(o, '}');
	}
	pqm_js_open(o, NULL, '{');
	pqm_js_cstr(o, "type", "coverage");
	pqm_json_coverage(o, &inv->coverage);
	pqm_js_close(o, '}');
}

static enum pqm_st jsonl_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	(void)err;
	o->js_compact = true;
	pqm_jsonl_head(o, r->inv->tool_version, r->inv->rules_version);
	for (size_t i = 0; i < r->inv->n_endpoints; i++)
		pqm_jsonl_endpoint(o, r->rules, &r->inv->endpoints[i], 0);
	pqm_jsonl_rest(o, r->inv);
	o->js_compact = false;
	return PQM_OK;
}

const struct pqm_writer pqm_rep_jsonl = {
	.name = "jsonl",
	.ext = ".jsonl",
	.summary = "a line for each endpoint as it is finished, then each finding",
	.write = jsonl_write,
};
