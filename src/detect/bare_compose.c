/* bare_compose.c — a service of a Compose file as a pod with one container. */
#include "bare.h"

static void set(struct kz *k, struct pqm_yaml *map, const char *key, const struct pqm_yaml *item)
{
	kz_set_key(k, map, pqm_str(key), (struct pqm_yaml *)(uintptr_t)item);
}

static void set_text(struct kz *k, struct pqm_yaml *map, const char *key, pqm_bytes text,
	const struct pqm_yaml *at)
{
	struct pqm_yaml *item = kz_text(k, text, at->line);

	if (item == NULL)
		return;
	item->col = at->col;
	set(k, map, key, item);
}

/* A list under key, made of each item by fn. */
static void each(struct kz *k, struct pqm_yaml *to, const char *key, const struct pqm_yaml *from,
	struct pqm_yaml *(*fn)(struct kz *k, const struct pqm_yaml *from, uint32_t i))
{
	struct pqm_yaml *seq;

	if (from == NULL || from->n == 0 || from->type == PQM_YAML_SCALAR)
		return;
	seq = kz_new(k, PQM_YAML_SEQ, from->line);
	for (uint32_t i = 0; seq != NULL && i < from->n && i < BARE_ITEMS; i++) {
		struct pqm_yaml *item = fn(k, from, i);

		if (item != NULL)
			kz_insert(k, seq, seq->n, item);
	}
	set(k, to, key, seq);
}

/* "A=b" of a list, or a pair of a map. */
static struct pqm_yaml *variable(struct kz *k, const struct pqm_yaml *from, uint32_t i)
{
	const struct pqm_yaml *item = from->items[i];
	pqm_bytes name = pqm_yaml_text(item), value = name;
	struct pqm_yaml *env = kz_new(k, PQM_YAML_MAP, item->line);

	if (env == NULL || item->type != PQM_YAML_SCALAR)
		return NULL;
	if (from->type == PQM_YAML_MAP) {
		name = from->keys[i]->text;
	} else {
		size_t eq = pqm_find_byte(name, 0, '=');

		value = pqm_sub(name, eq == SIZE_MAX ? name.n : eq + 1, name.n);
		name = pqm_sub(name, 0, eq);
	}
	set_text(k, env, "name", name, item);
	set_text(k, env, "value", value, item);
	return env;
}

static bool is_number(pqm_bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.n > 0;
}

static pqm_bytes behind_colon(pqm_bytes text)
{
	size_t at = 0;

	for (size_t c = 0; c < text.n; c++)
		if (text.p[c] == ':')
			at = c + 1;
	return pqm_sub(text, at, text.n);
}

/* "127.0.0.1:8000:80/tcp" and { target: 80, published: 8000 }: the port inside, and the one of the host. */
static struct pqm_yaml *port(struct kz *k, const struct pqm_yaml *from, uint32_t i)
{
	const struct pqm_yaml *item = from->items[i];
	bool is_map = item->type == PQM_YAML_MAP;
	pqm_bytes text = is_map ? pqm_yaml_str(item, "target") : pqm_yaml_text(item), inside,
		  published = pqm_yaml_str(item, "published");
	struct pqm_yaml *out = kz_new(k, PQM_YAML_MAP, item->line);

	if (out == NULL || from->type != PQM_YAML_SEQ)
		return NULL;
	text = pqm_sub(text, 0, pqm_find_byte(text, 0, '/'));
	inside = behind_colon(text);
	if (!is_map && inside.n < text.n)
		published = behind_colon(pqm_sub(text, 0, text.n - inside.n - 1));
	set_text(k, out, "containerPort", inside, item);
	if (is_number(published))
		set_text(k, out, "published", published, item);
	return out;
}

/* "./certs:/certs:ro" and { target: /certs }: where it is inside. */
static struct pqm_yaml *mount(struct kz *k, const struct pqm_yaml *from, uint32_t i)
{
	const struct pqm_yaml *item = from->items[i];
	struct pqm_yaml *out = kz_new(k, PQM_YAML_MAP, item->line);
	pqm_bytes rest = pqm_yaml_text(item), source, target = pqm_yaml_str(item, "target");

	if (out == NULL || from->type != PQM_YAML_SEQ)
		return NULL;
	if (item->type == PQM_YAML_SCALAR && pqm_split(&rest, ':', &source))
		target = rest.p == NULL ? source : pqm_sub(rest, 0, pqm_find_byte(rest, 0, ':'));
	set_text(k, out, "mountPath", target, item);
	return out;
}

static struct pqm_yaml *as_it_is(struct kz *k, const struct pqm_yaml *from, uint32_t i)
{
	(void)k;
	return from->items[i];
}

/* A command line in one string, or its words. */
static void words(struct kz *k, struct pqm_yaml *to, const char *key, const struct pqm_yaml *from)
{
	struct pqm_yaml *seq;

	if (from == NULL || from->type != PQM_YAML_SCALAR) {
		each(k, to, key, from, as_it_is);
		return;
	}
	seq = kz_new(k, PQM_YAML_SEQ, from->line);
	if (seq == NULL)
		return;
	kz_insert(k, seq, 0, (struct pqm_yaml *)(uintptr_t)from);
	set(k, to, key, seq);
}

/* deploy.resources.reservations.devices with the capability gpu, or the older runtime: nvidia. */
static void accelerators(struct kz *k, struct pqm_yaml *to, const struct pqm_yaml *service)
{
	const struct pqm_yaml *devices = kz_at(service, "deploy.resources.reservations.devices");
	const struct pqm_yaml *at = pqm_yaml_get(service, "runtime");
	bool is_one = pqm_eqs(pqm_yaml_text(at), "nvidia");
	struct pqm_yaml *limits;

	for (uint32_t i = 0; devices != NULL && devices->type == PQM_YAML_SEQ && i < devices->n;
		i++) {
		const struct pqm_yaml *can = pqm_yaml_get(devices->items[i], "capabilities");

		for (uint32_t c = 0; can != NULL && can->type == PQM_YAML_SEQ && c < can->n; c++)
			if (pqm_eqs(pqm_yaml_text(can->items[c]), "gpu")) {
				is_one = true;
				at = can->items[c];
			}
	}
	limits = is_one ? kz_make(k, to, "resources.limits") : NULL;
	if (limits != NULL)
		set_text(k, limits, "nvidia.com/gpu", PQM_LIT("1"), at);
}

struct pqm_yaml *bare_service(struct kz *k, pqm_bytes project, const struct pqm_yaml *name,
	const struct pqm_yaml *service)
{
	struct pqm_yaml *root = bare_object(
		k, "compose-spec.io/v1", "ComposeService", pqm_yaml_text(name), name->line);
	struct pqm_yaml *container = kz_new(k, PQM_YAML_MAP, name->line);
	struct pqm_yaml *list = kz_new(k, PQM_YAML_SEQ, name->line);
	const struct pqm_yaml *image = pqm_yaml_get(service, "image");

	if (root == NULL || container == NULL || list == NULL)
		return NULL;
	set_text(k, kz_make(k, root, "metadata"), "namespace", project, name);
	set_text(k, container, "name", pqm_yaml_text(name), name);
	if (image != NULL)
		set(k, container, "image", image);
	words(k, container, "command", pqm_yaml_get(service, "entrypoint"));
	words(k, container, "args", pqm_yaml_get(service, "command"));
	each(k, container, "env", pqm_yaml_get(service, "environment"), variable);
	each(k, container, "ports", pqm_yaml_get(service, "ports"), port);
	each(k, container, "volumeMounts", pqm_yaml_get(service, "volumes"), mount);
	accelerators(k, container, service);
	kz_insert(k, list, 0, container);
	set(k, kz_make(k, root, "spec"), "containers", list);
	return k->st == PQM_OK ? root : NULL;
}
