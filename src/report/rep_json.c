#include "report/writer.h"

#include "base/num.h"
#include "report/curve_json.h"
#include "report/endpoint_json.h"
#include "report/json_parts.h"
#include "report/trend_out.h"

#define SCHEMA_VERSION 1

static void settings(struct pqm_out *o, const struct pqm_inventory *inv)
{
	char now[16], start[16];

	pqm_date_format(now, inv->now_days);
	pqm_js_open(o, "settings", '{');
	pqm_js_cstr(o, "now", now);
	pqm_js_open(o, "regimes", '[');
	for (size_t i = 0; i < inv->n_regimes; i++)
		pqm_js_str(o, NULL, inv->regimes[i]);
	pqm_js_close(o, ']');
	pqm_js_str(o, "curve", inv->curve);
	if (inv->house != NULL)
		pqm_curve_json(o, "house_curve", inv->house);
	if (inv->capacity > 0)
		pqm_js_num(o, "capacity", inv->capacity, 2);
	if (inv->plan_start_days != 0) {
		pqm_date_format(start, inv->plan_start_days);
		pqm_js_cstr(o, "start", start);
	}
	pqm_js_close(o, '}');
}

void pqm_json_targets(struct pqm_out *o, const struct pqm_inventory *inv)
{
	pqm_js_open(o, "targets", '[');
	for (size_t i = 0; i < inv->n_targets; i++) {
		const struct pqm_target *t = &inv->targets[i];

		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "name", t->name);
		pqm_js_str(o, "kind", t->kind);
		pqm_js_u64(o, "seen", t->n_seen);
		pqm_js_u64(o, "read", t->n_read);
		pqm_js_u64(o, "bytes", t->n_bytes);
		pqm_js_bool(o, "failed", t->failed);
		if (t->from.object.n > 0) {
			pqm_js_open(o, "followed_from", '{');
			pqm_js_str(o, "object", t->from.object);
			pqm_js_str(o, "ref", t->from.ref);
			pqm_js_str(o, "path", t->from.path);
			pqm_js_opt_u64(o, "line", t->from.line);
			pqm_js_close(o, '}');
		}
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

/* A list of pairs and not an object: a fact may be given twice (two names in one certificate). */
static void attributes(struct pqm_out *o, const struct pqm_attr *attrs, size_t n)
{
	if (n == 0)
		return;
	pqm_js_open(o, "attributes", '[');
	for (size_t i = 0; i < n; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "key", attrs[i].key);
		pqm_js_str(o, "value", attrs[i].value);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

static void occurrence(struct pqm_out *o, const struct pqm_occurrence *at)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_u64(o, "target", at->target);
	pqm_js_str(o, "path", at->path);
	pqm_js_opt(o, "object", at->object);
	pqm_js_u64(o, "offset", at->off);
	if (at->line > 0) {
		pqm_js_u64(o, "line", at->line);
		pqm_js_u64(o, "column", at->col);
	}
	if (at->text_line > 0) {
		pqm_js_u64(o, "text_line", at->text_line);
		pqm_js_u64(o, "text_column", at->text_col);
	}
	if (at->in_store)
		pqm_js_bool(o, "in_trust_store", true);
	attributes(o, at->attrs, at->n_attrs);
	pqm_js_close(o, '}');
}

void pqm_json_finding(struct pqm_out *o, const char *key, const struct pqm_finding *f)
{
	char id[2 * PQM_ID_BYTES + 1], evidence[32];

	pqm_id_hex(id, f->id);
	(void)snprintf(evidence, sizeof(evidence), "%s%s", pqm_evidence_name(f->evidence),
		pqm_basis_suffix(f->basis));
	pqm_js_open(o, key, '{');
	pqm_js_cstr(o, "id", id);
	pqm_js_str(o, "rule", f->rule);
	pqm_js_cstr(o, "meaning", pqm_meaning_name(f->meaning));
	pqm_js_cstr(o, "function", pqm_function_name(f->function));
	pqm_js_str(o, "family", f->family);
	pqm_js_str(o, "algorithm", f->algorithm);
	pqm_js_str(o, "parameter", f->parameter);
	pqm_js_opt_u64(o, "bits", f->bits);
	pqm_js_cstr(o, "quantum", pqm_quantum_name(f->quantum));
	pqm_js_cstr(o, "classical", pqm_classical_name(f->classical));
	pqm_js_cstr(o, "evidence", evidence);
	pqm_js_str(o, "identity", f->identity);
	pqm_js_opt(o, "why", f->why);
	pqm_js_opt(o, "fix", f->fix);
	if (f->is_folded)
		pqm_js_bool(o, "folded", true);
	pqm_js_open(o, "occurrences", '[');
	for (size_t i = 0; i < f->n_occs; i++)
		occurrence(o, &f->occs[i]);
	pqm_js_close(o, ']');
	pqm_js_close(o, '}');
}

static void object(struct pqm_out *o, const struct pqm_object *k)
{
	pqm_js_open(o, NULL, '{');
	pqm_js_u64(o, "target", k->target);
	pqm_js_str(o, "path", k->path);
	pqm_js_u64(o, "line", k->line);
	pqm_js_str(o, "group", k->group);
	pqm_js_str(o, "kind", k->kind);
	pqm_js_opt(o, "namespace", k->ns);
	pqm_js_str(o, "name", k->name);
	pqm_js_open(o, "facts", '[');
	for (size_t i = 0; i < k->n_facts; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_str(o, "key", k->facts[i].key);
		pqm_js_str(o, "value", k->facts[i].value);
		pqm_js_u64(o, "line", k->facts[i].line);
		pqm_js_u64(o, "column", k->facts[i].col);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
	if (k->n_made > 0)
		pqm_js_u64(o, "made", k->n_made);
	pqm_js_close(o, '}');
}

static void stores(struct pqm_out *o, const struct pqm_inventory *inv)
{
	pqm_js_open(o, "stores", '[');
	for (size_t i = 0; i < inv->n_stores; i++) {
		pqm_js_open(o, NULL, '{');
		pqm_js_u64(o, "target", inv->stores[i].target);
		pqm_js_str(o, "path", inv->stores[i].path);
		pqm_js_u64(o, "certificates", inv->stores[i].n_certs);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
}

static void notes(struct pqm_out *o, const struct pqm_coverage *c)
{
	pqm_js_open(o, "notes", '[');
	for (size_t i = 0; i < c->n_notes; i++) {
		const struct pqm_note *n = &c->notes[i];

		pqm_js_open(o, NULL, '{');
		pqm_js_u64(o, "target", n->target);
		pqm_js_str(o, "path", n->path);
		pqm_js_str(o, "reason", n->reason);
		pqm_js_opt(o, "words", n->words);
		if (n->off != UINT64_MAX)
			pqm_js_u64(o, "offset", n->off);
		pqm_js_close(o, '}');
	}
	pqm_js_close(o, ']');
	pqm_js_u64(o, "notes_dropped", c->n_notes_dropped);
}

void pqm_json_coverage(struct pqm_out *o, const struct pqm_coverage *c)
{
	pqm_js_open(o, "coverage", '{');
	pqm_js_u64(o, "seen", c->seen);
	pqm_js_u64(o, "read", c->read);
	pqm_js_u64(o, "bytes", c->bytes);
	pqm_js_u64(o, "copies", c->copies);
	pqm_js_u64(o, "directories", c->directories);
	pqm_js_u64(o, "symlinks", c->symlinks);
	pqm_js_u64(o, "devices", c->devices);
	pqm_js_u64(o, "sockets", c->sockets);
	pqm_js_u64(o, "fifos", c->fifos);
	pqm_js_u64(o, "unreadable", c->unreadable);
	pqm_js_u64(o, "over_limit", c->over_limit);
	pqm_js_u64(o, "changed", c->changed);
	pqm_js_u64(o, "mounts", c->mounts);
	pqm_js_u64(o, "partial", c->partial);
	pqm_endpoint_counts_json(o, &c->endpoints);
	notes(o, c);
	pqm_js_close(o, '}');
}

static void inventory(
	struct pqm_out *o, const struct pqm_rules *rules, const struct pqm_inventory *inv)
{
	settings(o, inv);
	pqm_json_targets(o, inv);
	pqm_js_open(o, "findings", '[');
	for (size_t i = 0; i < inv->n_findings; i++)
		pqm_json_finding(o, NULL, &inv->findings[i]);
	pqm_js_close(o, ']');
	pqm_js_open(o, "objects", '[');
	for (size_t i = 0; i < inv->n_objects; i++)
		object(o, &inv->objects[i]);
	pqm_js_close(o, ']');
	stores(o, inv);
	if (inv->n_endpoints > 0) {
		pqm_js_open(o, "endpoints", '[');
		for (size_t i = 0; i < inv->n_endpoints; i++)
			pqm_endpoint_json(o, NULL, rules, &inv->endpoints[i], PQM_ENDPOINT_TARGET);
		pqm_js_close(o, ']');
	}
	pqm_json_coverage(o, &inv->coverage);
}

static enum pqm_st json_write(const struct pqm_report *r, struct pqm_out *o, struct pqm_err *err)
{
	(void)err;
	pqm_js_open(o, NULL, '{');
	pqm_js_u64(o, "schema_version", SCHEMA_VERSION);
	pqm_js_open(o, "tool", '{');
	pqm_js_cstr(o, "name", "pqmap");
	pqm_js_str(o, "version", r->inv->tool_version);
	pqm_js_close(o, '}');
	pqm_js_open(o, "rules", '{');
	pqm_js_str(o, "version", r->inv->rules_version);
	if (r->inv->rules_name.n > 0)
		pqm_js_str(o, "name", r->inv->rules_name);
	pqm_js_close(o, '}');
	inventory(o, r->rules, r->inv);
	pqm_json_graph(o, r->graph);
	pqm_json_assessment(o, r->graph, r->assessment);
	pqm_json_plan(o, r->assessment, r->plan);
	if (r->practices != NULL)
		pqm_json_practices(o, r->practices, r->plan);
	pqm_json_trend(o, r->trend);
	pqm_json_gate(o, r->gate);
	pqm_js_close(o, '}');
	return PQM_OK;
}

const struct pqm_writer pqm_rep_json = {
	.name = "json",
	.ext = ".json",
	.summary = "everything; any later stage starts from it",
	.write = json_write,
};
