/* tasks_patch.c — the line that decides, as it stands in the file and as it should stand. */
#include "tasks_int.h"

static bool is_harmless(pqm_bytes v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
			(c == '\0' || strchr("-_.:@ ,=/[]", c) == NULL))
			return false;
	}
	return v.n > 0;
}

/* "data.ssl-ecdh-curve" ends in a key, "spec.tls.ecdhCurves[0]" in an item; keys of annotations hold dots. */
static pqm_bytes lead_of(struct tk_maker *m, pqm_bytes field)
{
	static const char notes[] = "metadata.annotations.";
	size_t at = field.n;

	if (field.n > 0 && field.p[field.n - 1] == ']')
		return PQM_LIT("- ");
	if (pqm_starts(field, pqm_str(notes)))
		at = sizeof(notes) - 1;
	else
		while (at > 0 && field.p[at - 1] != '.')
			at--;
	return pqm_arena_f(m->arena, "%.*s: ", PQM_FMT(pqm_sub(field, at, field.n)));
}

/* Only a part of the value changes. */
static pqm_bytes put_in(struct tk_maker *m, pqm_bytes value, pqm_bytes old, pqm_bytes with)
{
	size_t at = pqm_find(value, 0, old);

	if (at == SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	return pqm_arena_f(m->arena, "%.*s%.*s%.*s", PQM_FMT(pqm_sub(value, 0, at)), PQM_FMT(with),
		PQM_FMT(pqm_sub(value, at + old.n, value.n)));
}

static pqm_bytes value_of(
	struct tk_maker *m, const struct pqm_yaml *entry, pqm_bytes now, const struct tk_words *w)
{
	pqm_bytes old = pqm_yaml_str(entry, "has"), before = pqm_yaml_str(entry, "before");
	pqm_bytes to = tk_fill(w, pqm_yaml_str(entry, "to"));

	if (before.n > 0)
		return pqm_arena_f(m->arena, "%.*s%.*s", PQM_FMT(tk_fill(w, before)), PQM_FMT(now));
	return old.n > 0 ? put_in(m, now, old, to) : to;
}

/* The value beside the name that the entry asks for: "env[3].name: NCCL_SOCKET_IFNAME" has "env[3].value". */
static bool find_named(struct tk_site *s, pqm_bytes name, pqm_bytes at)
{
	static const char end[] = ".name";
	const struct pqm_object *o = s->object;

	for (size_t i = 0; o != NULL && i < o->n_facts; i++) {
		pqm_bytes key = o->facts[i].key;

		if (!pqm_eq(o->facts[i].value, name) || !pqm_ends(key, pqm_str(end)))
			continue;
		key = pqm_sub(key, 0, key.n - (sizeof(end) - 2)); /* with its dot */
		for (size_t k = 0; k < o->n_facts; k++) {
			const struct pqm_fact *f = &o->facts[k];

			if (!pqm_starts(f->key, key) || !pqm_glob(at, f->key))
				continue;
			s->field = f->key;
			s->value = f->value;
			s->line = f->line;
			return true;
		}
	}
	return false;
}

/* Where the entry's line is: at the setting that decides the hop, or beside a name in the same document. */
static bool finds_line(struct tk_site *s, const struct pqm_yaml *entry)
{
	pqm_bytes at = pqm_yaml_str(entry, "at"), name = pqm_yaml_str(entry, "name");

	/* A file's line is written in the words of its program, a manifest's as YAML. */
	if ((s->path.n > 0) != (pqm_yaml_str(entry, "form").n > 0))
		return false;
	if (name.n > 0 ? !find_named(s, name, at) : !pqm_glob(at, s->field))
		return false;
	return s->line > 0 && is_harmless(s->value) && is_harmless(s->field);
}

/* The whole line: "ssl_ecdh_curve {};" with the value in it, or what YAML has before the value. */
static pqm_bytes line_of(
	struct tk_maker *m, const struct pqm_yaml *entry, const struct tk_site *s, pqm_bytes value)
{
	pqm_bytes form = pqm_yaml_str(entry, "form");

	if (form.n > 0)
		return put_in(m, form, PQM_LIT("{}"), value);
	return pqm_arena_f(m->arena, "%.*s%.*s", PQM_FMT(lead_of(m, s->field)), PQM_FMT(value));
}

static const struct pqm_yaml *entries_of(const struct tk_draft *d, const struct pqm_yaml *own)
{
	const struct pqm_yaml *list = pqm_yaml_get(own, "patches");

	return list != NULL ? list : pqm_yaml_get(d->rule->node, "patches");
}

void tk_fill_patch(struct tk_maker *m, struct tk_draft *d, const struct tk_words *w,
	const struct pqm_yaml *own)
{
	const struct pqm_yaml *list = entries_of(d, own);
	struct pqm_task *t = &d->t;

	/* What stands there now is what this task changes only where it is the hop's own task. */
	if ((d->site.object == NULL && d->site.path.n == 0) || d->hop == NULL ||
		!pqm_eq(d->hop->task, t->type))
		return;
	/* Each line of a configuration file is an edit of its own. */
	if (d->site.path.n > 0 && d->n_places != 1)
		return;
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct pqm_yaml *e = list->items[i];
		struct tk_site s = d->site;
		pqm_bytes to;

		if (!tk_sets_suit(&w->sets, e) || !finds_line(&s, e))
			continue;
		to = value_of(m, e, s.value, w);
		if (to.n == 0 || pqm_eq(to, s.value))
			continue;
		t->patch_path = s.object != NULL ? s.object->path : s.path;
		t->patch_line = s.line;
		t->patch_from = line_of(m, e, &s, s.value);
		t->patch_to = line_of(m, e, &s, to);
		return;
	}
}
