/* gb_images.c — images that were read join the workloads that run them: workload runs image, image contains
 * library, by the libraries that programs in it are linked with. */
#include "build.h"

#include "base/limits.h"
#include "gb_signals.h"

#define IMAGE_SCHEME "registry:"
#define GROUP "image.pqmap.dev"

/* The node of the image that a target is, or GB_NONE: nothing runs it. */
static uint32_t image_of(const struct gb *b, const struct pqm_target *t)
{
	const void *node;
	uint32_t i;

	if (!pqm_starts(t->name, PQM_LIT(IMAGE_SCHEME)))
		return GB_NONE;
	node = pqm_map_get(&b->nodes, pqm_sub(t->name, sizeof(IMAGE_SCHEME) - 1, SIZE_MAX));
	i = node == NULL ? GB_NONE : (uint32_t)((uintptr_t)node - 1);
	return i != GB_NONE && b->g->nodes[i].type == PQM_NODE_IMAGE ? i : GB_NONE;
}

/* "libssl3 3.0.15-1", of the image's package database. */
static void add_package(struct gb *b, uint32_t image, const struct pqm_occurrence *o)
{
	pqm_bytes package = pqm_occ_attr(o, "package");
	pqm_bytes version = pqm_occ_attr(o, "package_version");
	uint32_t node;

	if (package.n == 0)
		return;
	node = gb_node(b, PQM_NODE_OTHER,
		pqm_arena_f(b->arena, "%.*s#package %.*s", PQM_FMT(b->g->nodes[image].id),
			PQM_FMT(package)),
		pqm_arena_f(b->arena, "%.*s %.*s", PQM_FMT(package), PQM_FMT(version)));
	gb_edge(b,
		(struct pqm_edge){ .from = image,
			.to = node,
			.rel = PQM_LIT("contains"),
			.ref = pqm_eqs(pqm_occ_attr(o, "source"), "SBOM")
				? PQM_LIT("bill of materials")
				: PQM_LIT("package database"),
			.path = o->path,
			.line = o->line });
}

/* By finding, then place: the first file that is linked with it stands for all. */
static void add_library(struct gb *b, uint32_t image, const struct pqm_occurrence *o)
{
	pqm_bytes library = pqm_occ_attr(o, "library"), version = pqm_occ_attr(o, "version");
	uint32_t node;

	if (library.n == 0) {
		add_package(b, image, o);
		return;
	}
	if (pqm_occ_attr(o, "package").n > 0)
		version = pqm_arena_f(b->arena, "%.*s%s%.*s %.*s", PQM_FMT(version),
			version.n > 0 ? ", " : "", PQM_FMT(pqm_occ_attr(o, "package")),
			PQM_FMT(pqm_occ_attr(o, "package_version")));
	node = gb_node(b, PQM_NODE_OTHER,
		pqm_arena_f(
			b->arena, "%.*s#%.*s", PQM_FMT(b->g->nodes[image].id), PQM_FMT(library)),
		library);
	gb_edge(b,
		(struct pqm_edge){ .from = image,
			.to = node,
			.rel = PQM_LIT("contains"),
			.ref = version.n > 0 ? version : PQM_LIT("linked"),
			.path = o->path,
			.line = o->line });
}

static void keep_images(struct gb *b, const uint32_t *image)
{
	for (size_t i = 0; i < b->inv->n_objects && b->st == PQM_OK; i++) {
		const struct pqm_object *o = &b->inv->objects[i];
		struct gb_image *grown;

		if (!pqm_eqs(o->group, GROUP) || !pqm_eqs(o->kind, "Image") ||
			o->target >= b->inv->n_targets || image[o->target] == GB_NONE)
			continue;
		grown = pqm_grow(&b->work, b->images, b->n_images, &b->cap_images);
		if (grown == NULL) {
			gb_fail(b, "images");
			return;
		}
		b->images = grown;
		b->images[b->n_images++] = (struct gb_image){ image[o->target], o };
	}
}

/* "oci:DIR:TAG" for "oci:DIR:TAG@sha256:…". */
static pqm_bytes short_name(const struct gb *b, const struct pqm_object *o)
{
	pqm_bytes name = o->name, target = b->inv->targets[o->target].name;
	size_t at = pqm_find(name, 0, PQM_LIT("@sha256:"));

	return pqm_starts(name, target) && target.n > 0 ? target : pqm_sub(name, 0, at);
}

/* What nothing else in the scan runs is started as it says itself: a workload of its own. */
static void run_alone(struct gb *b, struct gb_thing *t)
{
	struct pqm_object *o = pqm_new(b->arena, struct pqm_object, 1);

	if (o == NULL) {
		gb_fail(b, "images");
		return;
	}
	*o = *t->o;
	o->name = short_name(b, t->o);
	t->o = o;
	t->kind = b->kinds->any;
	t->node = gb_node(b, PQM_NODE_WORKLOAD, t->id, o->name);
	if (b->st != PQM_OK || b->of_node[t->node] != NULL)
		return;
	t->is_first = true;
	b->of_node[t->node] = t;
	b->g->nodes[t->node].path = o->path;
	b->g->nodes[t->node].line = o->line;
}

static void run_images(struct gb *b, const uint32_t *image)
{
	for (size_t i = 0; i < b->n_things && b->st == PQM_OK; i++) {
		struct gb_thing *t = &b->things[i];

		if (pqm_eqs(t->o->group, GROUP) && pqm_eqs(t->o->kind, "Image") &&
			t->node == GB_NONE && t->o->target < b->inv->n_targets &&
			image[t->o->target] == GB_NONE)
			run_alone(b, t);
	}
}

void gb_images(struct gb *b)
{
	const struct pqm_inventory *inv = b->inv;
	uint32_t *image = pqm_new(b->arena, uint32_t, inv->n_targets + 1);
	bool any = false;

	if (image == NULL) {
		gb_fail(b, "images");
		return;
	}
	for (size_t i = 0; i < inv->n_targets; i++) {
		image[i] = image_of(b, &inv->targets[i]);
		any = any || image[i] != GB_NONE;
	}
	if (any)
		keep_images(b, image);
	run_images(b, image);
	for (size_t i = 0; any && i < inv->n_findings && b->st == PQM_OK; i++)
		for (size_t k = 0; k < b->findings[i]->n_occs; k++) {
			const struct pqm_occurrence *o = &b->findings[i]->occs[k];

			if (o->target < inv->n_targets && image[o->target] != GB_NONE)
				add_library(b, image[o->target], o);
		}
}

/* Whether the container sets the field ("command[") or, with a value, one of them so ("env[", X). */
static bool sets(
	const struct pqm_object *by, pqm_bytes container, const char *field, pqm_bytes value)
{
	for (size_t i = 0; i < by->n_facts; i++) {
		const struct pqm_fact *f = &by->facts[i];

		if (!pqm_starts(f->key, container) ||
			!pqm_starts(pqm_sub(f->key, container.n, f->key.n), pqm_str(field)))
			continue;
		if (value.n == 0 || (pqm_ends(f->key, PQM_LIT(".name")) && pqm_eq(f->value, value)))
			return true;
	}
	return false;
}

/* What of the image holds in a container: its command and arguments unless the pod has a command, its
 * arguments unless the pod has some, its variables but for those of the same name. */
static bool held(struct gb *b, const struct pqm_object *image, const struct pqm_object *by,
	pqm_bytes container, struct pqm_object *out)
{
	static const char at[] = "spec.containers[0].";
	const pqm_bytes none = { NULL, 0 };
	bool command = sets(by, container, "command[", none);
	bool args = command || sets(by, container, "args[", none);
	struct pqm_fact *facts = pqm_new(&b->work, struct pqm_fact, image->n_facts + 1);
	pqm_bytes dropped = none;

	*out = *image;
	out->facts = facts;
	out->n_facts = 0;
	if (facts == NULL)
		return false;
	for (size_t i = 0; i < image->n_facts; i++) {
		const struct pqm_fact *f = &image->facts[i];
		pqm_bytes field = pqm_sub(f->key, sizeof(at) - 1, f->key.n);
		bool is_env = pqm_starts(field, PQM_LIT("env["));

		if ((command && pqm_starts(field, PQM_LIT("command["))) ||
			(args && pqm_starts(field, PQM_LIT("args["))) ||
			/* labels of an image are no labels of a pod */
			!pqm_starts(f->key, pqm_str(at)))
			continue;
		if (is_env && pqm_ends(f->key, PQM_LIT(".name")) &&
			sets(by, container, "env[", f->value))
			dropped = pqm_sub(f->key, 0, f->key.n - 4);
		if (!is_env || dropped.n == 0 || !pqm_starts(f->key, dropped))
			facts[out->n_facts++] = *f;
	}
	return true;
}

/* "spec.template.spec.containers[0]." of the edge to an image; empty: no container. */
static pqm_bytes container_of(const struct pqm_edge *e)
{
	return pqm_ends(e->ref, PQM_LIT(".image")) ? pqm_sub(e->ref, 0, e->ref.n - strlen("image"))
						   : (pqm_bytes){ NULL, 0 };
}

void gb_images_of(struct gb *b, const struct gb_thing *t, struct gb_signals *s)
{
	const struct pqm_edge *e;
	size_t i = 0;

	while (b->n_images > 0 && (e = gb_out(b, t->node, "runs", &i)) != NULL) {
		pqm_bytes container = container_of(e);

		for (size_t k = 0; container.n > 0 && k < b->n_images && b->st == PQM_OK; k++) {
			struct pqm_object o;

			if (b->images[k].node == e->to &&
				(!held(b, b->images[k].o, t->o, container, &o) ||
					!gb_signals_image(s, &o, e->line)))
				gb_fail(b, "images");
		}
	}
}

/* The name of the variable that a finding of the image is about: of "…#spec.containers[0].env[3].value". */
static pqm_bytes variable_of(const struct gb *b, const struct pqm_object *image, size_t placed)
{
	pqm_bytes at = b->placed[placed].object;
	size_t n;

	at = pqm_sub(at, pqm_find_byte(at, 0, '#') + 1, at.n);
	n = at.n - strlen("value");
	if (!pqm_ends(at, PQM_LIT("].value")) || pqm_find(at, 0, PQM_LIT(".env[")) == SIZE_MAX)
		return (pqm_bytes){ NULL, 0 };
	for (size_t i = 0; i < image->n_facts; i++) {
		pqm_bytes key = image->facts[i].key;

		if (key.n == n + strlen("name") && pqm_starts(key, pqm_sub(at, 0, n)) &&
			pqm_ends(key, PQM_LIT("name")))
			return image->facts[i].value;
	}
	return (pqm_bytes){ NULL, 0 };
}

size_t gb_image_settings(const struct gb *b, uint32_t node, size_t *out, size_t max)
{
	const struct gb_thing *t = b->of_node[node];
	const struct pqm_edge *e;
	size_t i = 0, n = 0;

	if (b->n_images == 0 || t == NULL || b->g->nodes[node].type != PQM_NODE_WORKLOAD)
		return 0;
	while ((e = gb_out(b, node, "runs", &i)) != NULL) {
		pqm_bytes container = container_of(e);

		for (size_t k = 0; container.n > 0 && k < b->n_images; k++) {
			const struct pqm_object *image = b->images[k].o;
			size_t from, to;

			if (b->images[k].node != e->to)
				continue;
			gb_findings_of(b, pqm_k8s_id(b->kinds, image, b->arena), &from, &to);
			for (; from < to && n < max; from++) {
				pqm_bytes name = variable_of(b, image, from);

				if (name.n > 0 && !sets(t->o, container, "env[", name))
					out[n++] = from;
			}
		}
	}
	return n;
}
