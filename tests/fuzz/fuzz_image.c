#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "source/img.h"
#include "source/img_auth.h"
#include "source/img_names.h"

/* What an image, an archive and a registry may say. The first byte chooses. */
static void read_json(uint8_t kind, pqm_bytes text)
{
	struct pqm_oci_manifest m;
	struct pqm_oci_config c;
	struct pqm_oci_saved *list;
	struct pqm_err err = { 0 };
	struct pqm_arena a;
	size_t n = 0;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	if (kind == 'm' && pqm_oci_manifest_parse(&m, text, &a, &err) == PQM_OK)
		for (size_t i = 0; i < m.n; i++)
			assert(pqm_oci_is_digest(m.list[i].digest));
	if (kind == 'c' && pqm_oci_config_parse(&c, text, &a, &err) == PQM_OK)
		assert(c.n_made_by == 0 || c.n_made_by == c.n_diff_ids);
	if (kind == 's' && pqm_oci_saved_parse(&list, &n, text, &a, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	if (kind == 'o' && pqm_oci_repositories_parse(&list, &n, text, &a, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	pqm_arena_fini(&a);
}

static void read_names(pqm_bytes text)
{
	struct pqm_challenge c;
	struct pqm_docker_cred cred;
	struct pqm_oci_ref ref;
	struct pqm_err err = { 0 };
	enum pqm_oci_mark mark;
	struct pqm_arena a;
	struct pqm_buf b;

	pqm_arena_init(&a, PQM_ARENA_BYTES);
	pqm_buf_init(&b, 2 * PQM_ENTRY_NAME_BYTES);
	if (pqm_oci_path(&b, text, &mark))
		assert(b.n == 0 || (b.p[0] != '/' && b.p[b.n - 1] != '/'));
	if (pqm_oci_ref_parse(&ref, text, &a, &err) == PQM_OK)
		assert(ref.host.n > 0 && ref.repo.n > 0 && ref.tag.n + ref.digest.n > 0);
	if (pqm_challenge_parse(&c, text, &a))
		(void)pqm_challenge_url(&c, PQM_LIT("s"), &a);
	(void)pqm_redirect(text, "https://h/x", true, &a);
	(void)pqm_token_parse(text, &a);
	if (pqm_docker_config_find(&cred, text, PQM_LIT("h.x"), PQM_LIT("r"), &a, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
	pqm_buf_fini(&b);
	pqm_arena_fini(&a);
}

struct bytes_feed {
	struct pqm_feed feed;
	pqm_bytes rest;
};

static enum pqm_st feed_next(struct pqm_feed *f, pqm_bytes *out, struct pqm_err *err)
{
	struct bytes_feed *b = (struct bytes_feed *)f;

	(void)err;
	*out = pqm_sub(b->rest, 0, 700);
	b->rest = pqm_sub(b->rest, out->n, b->rest.n);
	return PQM_OK;
}

static void feed_close(struct pqm_feed *f)
{
	pqm_free(f);
}

struct halves {
	struct pqm_store_of store;
	pqm_bytes half[2];
};

/* The descriptor's size says which. */
static enum pqm_st halves_open(struct pqm_store_of *s, const struct pqm_oci_desc *d,
	struct pqm_feed **out, struct pqm_err *err)
{
	struct bytes_feed *f = pqm_calloc(1, sizeof(*f));

	if (f == NULL)
		return pqm_fail(err, PQM_ENOMEM, "out of memory");
	f->feed = (struct pqm_feed){ feed_next, feed_close, NULL };
	f->rest = ((struct halves *)s)->half[d->platform.os.n];
	*out = &f->feed;
	return PQM_OK;
}

static enum pqm_st on_layer(
	struct pqm_sink *s, const struct pqm_layer *l, pqm_bytes prefix, struct pqm_err *err)
{
	(void)s, (void)prefix, (void)err;
	assert(l->index == 1 || l->index == 2);
	return PQM_OK;
}

static void on_layer_end(struct pqm_sink *s, bool is_good, pqm_bytes names)
{
	(void)s, (void)is_good, (void)names;
}

static enum pqm_st on_member(struct pqm_sink *s, struct pqm_member *m, struct pqm_err *err)
{
	uint64_t off, end = 0;
	pqm_bytes block;
	enum pqm_st st;

	(void)s;
	assert(m->path.n > 0 && m->path.p[0] == '/' && m->hidden_by <= 2);
	while ((st = m->next(m, &block, &off, err)) == PQM_OK && block.n > 0 && end < 1 << 20)
		end = off + block.n;
	return st;
}

static enum pqm_st on_link(
	struct pqm_sink *s, const struct pqm_member *m, pqm_bytes to, struct pqm_err *err)
{
	(void)s, (void)m, (void)err;
	assert(to.n > 0 && to.p[0] == '/');
	return PQM_OK;
}

static void on_note(struct pqm_sink *s, pqm_bytes path, const char *reason, const char *words)
{
	(void)s, (void)path, (void)reason, (void)words;
}

static void on_skip(struct pqm_sink *s, enum pqm_skip why, pqm_bytes path, const char *words)
{
	(void)s, (void)why, (void)path, (void)words;
}

static void on_directory(struct pqm_sink *s)
{
	(void)s;
}

/* Two layers of one image. */
static void walk_layers(pqm_bytes text)
{
	struct pqm_image_options none = { 0 };
	struct halves h = { { halves_open, NULL, false, NULL },
		{ pqm_sub(text, 0, text.n / 1024 * 512),
			pqm_sub(text, text.n / 1024 * 512, text.n) } };
	struct pqm_oci_desc layers[2] = { { .is_unchecked = true },
		{ .is_unchecked = true, .platform = { .os = PQM_LIT("x") } } };
	struct pqm_image im = { .store = &h.store,
		.label = PQM_LIT("i"),
		.reference = PQM_LIT("i"),
		.layers = layers,
		.n_layers = 2 };
	struct pqm_sink sink = { .images = &none,
		.layer = on_layer,
		.layer_end = on_layer_end,
		.member = on_member,
		.link = on_link,
		.note = on_note,
		.skip = on_skip,
		.directory = on_directory };
	struct pqm_err err = { 0 };

	if (pqm_image_walk(&im, &sink, &err) != PQM_OK)
		assert(err.msg[0] != '\0');
}

/* What is read of a record is what is written again; and a record that is whole is read to its end. */
static void read_kept(pqm_bytes text)
{
	struct pqm_names in, out;
	struct pqm_named e;
	uint32_t n_files = 0, n_again = 0;
	bool is_whole = pqm_names_check(text, &n_files);

	if (text.n == 0)
		return;
	pqm_names_init(&in, text);
	pqm_names_init(&out, (pqm_bytes){ NULL, 0 });
	while (pqm_names_next(&in, &e))
		pqm_names_add(&out, &e);
	assert(out.out.failed || pqm_names_check(pqm_buf_bytes(&out.out), &n_again));
	assert(out.out.failed || !is_whole || n_again == n_files);
	pqm_names_fini(&in);
	pqm_names_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pqm_bytes text = { data + 1, size - 1 };

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'm':
	case 'c':
	case 's':
	case 'o':
		read_json(data[0], text);
		break;
	case 'k':
		read_kept(text);
		break;
	case 'n':
		read_names(text);
		break;
	default:
		walk_layers(text);
		break;
	}
	return 0;
}
