#include "hyb/file.h"
#include "hyb/hpke.h"

#define VERSION 1
#define OFF_VERSION 8
#define OFF_KEM 10
#define OFF_SIG 12
#define OFF_COUNT 14
#define OFF_TOTAL 16
#define OFF_SENDER 20

static const uint8_t magic[HYB_ENV_MAGIC_BYTES] = { 'H', 'Y', 'B', 'S', 'E', 'A', 'L', 0 };
static const uint8_t domain[] = { 'h', 'y', 'b', '/', 'f', 'i', 'l', 'e', '/', 'v', '1' };
static const hyb_bytes label = { domain, sizeof(domain) };

/* Offsets follow from suites and count. */
static void lay_out(struct hyb_file_map *m)
{
	m->entry_bytes = HYB_KEY_ID_BYTES + m->kem->ct_bytes + HYB_FILE_WRAPPED_BYTES;
	m->floe_at = HYB_FILE_FIXED_BYTES + m->n_recipients * m->entry_bytes;
	m->block_at = m->floe_at + HYB_FLOE_HEADER_BYTES;
	m->total = m->block_at + hyb_env_block_bytes(m->sig);
}

enum hyb_st hyb_file_short(const uint8_t *p, size_t n)
{
	size_t k = n < sizeof(magic) ? n : sizeof(magic);

	return hyb_ct_eq(p, magic, k) ? HYB_E_TRUNCATED : HYB_E_FORMAT;
}

enum hyb_st hyb_file_map_read(struct hyb_file_map *m, const uint8_t *fixed)
{
	static const uint8_t nobody[HYB_KEY_ID_BYTES];
	size_t sig = hyb_load16be(fixed + OFF_SIG);

	*m = (struct hyb_file_map){ .sender_id = fixed + OFF_SENDER };
	if (!hyb_ct_eq(fixed, magic, sizeof(magic)))
		return HYB_E_FORMAT;
	if (hyb_load16be(fixed + OFF_VERSION) != VERSION)
		return HYB_E_VERSION;
	m->kem = hyb_env_kem((uint16_t)hyb_load16be(fixed + OFF_KEM));
	m->sig = hyb_env_sig((uint16_t)sig);
	if (m->kem == NULL || (sig != 0 && m->sig == NULL))
		return HYB_E_SUITE;
	m->n_recipients = hyb_load16be(fixed + OFF_COUNT);
	if (m->n_recipients == 0 || m->n_recipients > HYB_RECIPIENTS_MAX)
		return HYB_E_FORMAT;
	lay_out(m);
	if (hyb_load32be(fixed + OFF_TOTAL) != m->total)
		return HYB_E_FORMAT;
	if (m->sig == NULL && !hyb_ct_eq(m->sender_id, nobody, sizeof(nobody)))
		return HYB_E_FORMAT;
	return HYB_OK;
}

uint32_t hyb_file_segment(const struct hyb_seal_opts *o)
{
	return o->segment_bytes != 0 ? o->segment_bytes : HYB_SEGMENT_DEFAULT;
}

enum hyb_st hyb_file_map_plan(struct hyb_file_map *m, const struct hyb_seal_opts *o)
{
	uint32_t segment = hyb_file_segment(o);

	*m = (struct hyb_file_map){ .n_recipients = o->n_recipients };
	if (o->n_recipients == 0 || segment < HYB_SEGMENT_MIN || segment > HYB_SEGMENT_MAX)
		return HYB_E_ARG;
	if (o->n_recipients > HYB_RECIPIENTS_MAX)
		return HYB_E_LIMIT;
	for (size_t i = 0; i < o->n_recipients; i++)
		if (!hyb_env_is_kem(&o->recipients[i]) ||
			o->recipients[i].kem != o->recipients[0].kem)
			return HYB_E_SUITE;
	m->kem = o->recipients[0].kem;
	if (o->sender != NULL) {
		if (!hyb_env_is_sig(&o->sender->pub))
			return HYB_E_SUITE;
		m->sig = o->sender->pub.sig;
		m->sender_id = o->sender->pub.id;
	}
	lay_out(m);
	return HYB_OK;
}

static void fixed_write(uint8_t *head, const struct hyb_file_map *m)
{
	memset(head, 0, HYB_FILE_FIXED_BYTES);
	memcpy(head, magic, sizeof(magic));
	hyb_store16be(head + OFF_VERSION, VERSION);
	hyb_store16be(head + OFF_KEM, hyb_env_kem_code(m->kem));
	hyb_store16be(head + OFF_COUNT, m->n_recipients);
	hyb_store32be(head + OFF_TOTAL, (uint32_t)m->total);
	if (m->sig != NULL) {
		hyb_store16be(head + OFF_SIG, hyb_env_sig_code(m->sig));
		memcpy(head + OFF_SENDER, m->sender_id, HYB_KEY_ID_BYTES);
	}
}

/* HPKE's info: everything that is fixed before the recipients. */
static enum hyb_st wrap_info(struct hyb_env_info *info, const uint8_t *head)
{
	return hyb_env_info(info, label, &(const hyb_bytes){ head, HYB_FILE_FIXED_BYTES }, 1);
}

static enum hyb_st wrap_all(uint8_t *head, const struct hyb_file_map *m, const uint8_t *key,
	const struct hyb_seal_opts *o)
{
	struct hyb_hpke_suite suite = hyb_hpke_default(m->kem);
	struct hyb_env_info info;
	enum hyb_st st = wrap_info(&info, head);

	for (size_t i = 0; st == HYB_OK && i < m->n_recipients; i++) {
		uint8_t *entry = head + HYB_FILE_FIXED_BYTES + i * m->entry_bytes;
		uint8_t *enc = entry + HYB_KEY_ID_BYTES;
		struct hyb_hpke_in in = { { info.bytes, info.n }, { entry, HYB_KEY_ID_BYTES },
			{ key, HYB_FLOE_KEY_BYTES } };

		memcpy(entry, o->recipients[i].id, HYB_KEY_ID_BYTES);
		st = hyb_hpke_seal(&suite, enc, enc + m->kem->ct_bytes, &in, o->recipients[i].key);
	}
	return st;
}

/* FLOE's aad: the header before it and the caller's context. */
static enum hyb_st bind(
	uint8_t aad[48], const uint8_t *head, const struct hyb_file_map *m, hyb_bytes context)
{
	return hyb_env_sha384(aad, (const hyb_bytes[3]){ label, { head, m->floe_at }, context }, 3);
}

static enum hyb_st signed_text(
	uint8_t text[128], const uint8_t *head, const struct hyb_file_map *m, hyb_bytes context)
{
	enum hyb_st st = hyb_env_sha512(text, &(const hyb_bytes){ head, m->block_at }, 1);

	return st == HYB_OK ? hyb_env_sha512(text + 64, &context, 1) : st;
}

static enum hyb_st sign(uint8_t *head, const struct hyb_file_map *m, const struct hyb_seal_opts *o)
{
	uint8_t text[128];
	enum hyb_st st;

	if (m->sig == NULL)
		return HYB_OK;
	st = signed_text(text, head, m, o->context);
	if (st == HYB_OK)
		st = hyb_env_sign(
			head + m->block_at, o->sender, label, (hyb_bytes){ text, sizeof(text) });
	return st;
}

enum hyb_st hyb_file_head_seal(uint8_t *head, struct hyb_floe *f, const struct hyb_file_map *m,
	const struct hyb_seal_opts *o)
{
	uint8_t key[HYB_FLOE_KEY_BYTES], iv[HYB_FLOE_IV_BYTES], aad[48];
	enum hyb_st st;

	*f = (struct hyb_floe){ .segment = 0 };
	fixed_write(head, m);
	st = hyb_random(key, sizeof(key));
	if (st == HYB_OK)
		st = hyb_env_nonce(iv, sizeof(iv));
	if (st == HYB_OK)
		st = wrap_all(head, m, key, o);
	if (st == HYB_OK)
		st = bind(aad, head, m, o->context);
	if (st == HYB_OK)
		st = hyb_floe_begin_seal(
			f, key, (hyb_bytes){ aad, sizeof(aad) }, hyb_file_segment(o), iv);
	if (st == HYB_OK) {
		memcpy(head + m->floe_at, f->header, HYB_FLOE_HEADER_BYTES);
		st = sign(head, m, o);
	}
	hyb_wipe(key, sizeof(key));
	if (st != HYB_OK) {
		hyb_floe_end(f);
		hyb_wipe(head, m->total);
	}
	return st;
}

/* This key's entry, or NULL. */
static const uint8_t *find_entry(
	const uint8_t *head, const struct hyb_file_map *m, const struct hyb_public *k)
{
	for (size_t i = 0; i < m->n_recipients; i++) {
		const uint8_t *entry = head + HYB_FILE_FIXED_BYTES + i * m->entry_bytes;

		if (hyb_ct_eq(entry, k->id, HYB_KEY_ID_BYTES))
			return entry;
	}
	return NULL;
}

static enum hyb_st check_sender(struct hyb_file_info *info, const uint8_t *head,
	const struct hyb_file_map *m, const struct hyb_open_opts *o)
{
	struct hyb_env_accept accept = { o->senders, o->n_senders, o->allow_unsigned };
	const struct hyb_public *k;
	uint8_t text[128];
	enum hyb_st st = hyb_env_sender(&k, &accept, m->sig, m->sender_id);

	if (st != HYB_OK || k == NULL)
		return st;
	st = signed_text(text, head, m, o->context);
	if (st != HYB_OK)
		return st;
	if (!hyb_env_verify(head + m->block_at, k, label, (hyb_bytes){ text, sizeof(text) }))
		return HYB_E_SIGNATURE;
	info->is_verified = true;
	return HYB_OK;
}

static enum hyb_st unwrap(uint8_t key[HYB_FLOE_KEY_BYTES], const uint8_t *head,
	const uint8_t *entry, const struct hyb_file_map *m, const struct hyb_private *k)
{
	struct hyb_hpke_suite suite = hyb_hpke_default(m->kem);
	const uint8_t *enc = entry + HYB_KEY_ID_BYTES;
	struct hyb_env_info info;
	struct hyb_hpke_ctx c = { .aead = NULL };
	enum hyb_st st = wrap_info(&info, head);

	if (st == HYB_OK)
		st = hyb_hpke_setup_private(&c, &suite, enc, (hyb_bytes){ info.bytes, info.n }, k);
	if (st == HYB_OK)
		st = hyb_hpke_ctx_open(&c, key, (hyb_bytes){ entry, HYB_KEY_ID_BYTES },
			(hyb_bytes){ enc + m->kem->ct_bytes, HYB_FILE_WRAPPED_BYTES });
	hyb_hpke_end(&c);
	return st;
}

static enum hyb_st info_of(
	struct hyb_file_info *info, const uint8_t *head, const struct hyb_file_map *m)
{
	*info = (struct hyb_file_info){ .kem = m->kem,
		.sig = m->sig,
		.n_recipients = m->n_recipients,
		.header_bytes = m->total,
		.plain_bytes = UINT64_MAX };
	memcpy(info->sender_id, m->sender_id, HYB_KEY_ID_BYTES);
	if (hyb_floe_parse(&info->segment_bytes, head + m->floe_at) != HYB_OK ||
		info->segment_bytes < HYB_SEGMENT_MIN)
		return HYB_E_FORMAT;
	return HYB_OK;
}

enum hyb_st hyb_file_head_info(struct hyb_file_info *info, const uint8_t *head)
{
	struct hyb_file_map m;
	enum hyb_st st = hyb_file_map_read(&m, head);

	if (st == HYB_OK)
		st = info_of(info, head, &m);
	if (st != HYB_OK)
		*info = (struct hyb_file_info){ .kem = NULL };
	return st;
}

/* Everything after the structure; `info` is filled. */
static enum hyb_st head_open(struct hyb_floe *f, struct hyb_file_info *info, const uint8_t *head,
	const struct hyb_file_map *m, const struct hyb_open_opts *o)
{
	uint8_t key[HYB_FLOE_KEY_BYTES] = { 0 }, aad[48];
	const uint8_t *entry;
	enum hyb_st st;

	if (!hyb_env_is_kem(&o->key->pub))
		return HYB_E_ARG;
	if (o->key->pub.kem != m->kem)
		return HYB_E_SUITE;
	entry = find_entry(head, m, &o->key->pub);
	if (entry == NULL)
		return HYB_E_WRONG_KEY;
	st = check_sender(info, head, m, o);
	if (st == HYB_OK)
		st = unwrap(key, head, entry, m, o->key);
	if (st == HYB_OK)
		st = bind(aad, head, m, o->context);
	if (st == HYB_OK)
		st = hyb_floe_begin_open(
			f, key, (hyb_bytes){ aad, sizeof(aad) }, head + m->floe_at);
	hyb_wipe(key, sizeof(key));
	return st;
}

enum hyb_st hyb_file_head_open(struct hyb_floe *f, struct hyb_file_info *info, const uint8_t *head,
	const struct hyb_open_opts *o)
{
	struct hyb_file_map m;
	enum hyb_st st = hyb_file_map_read(&m, head);

	*f = (struct hyb_floe){ .segment = 0 };
	if (st == HYB_OK)
		st = info_of(info, head, &m);
	if (st == HYB_OK)
		st = head_open(f, info, head, &m, o);
	if (st != HYB_OK) {
		hyb_floe_end(f);
		*info = (struct hyb_file_info){ .kem = NULL };
	}
	return st;
}

enum hyb_st hyb_file_plain_bytes(uint64_t *plain, uint64_t body, uint32_t segment)
{
	uint64_t full = body / segment, last = body % segment;

	*plain = 0;
	if (last < HYB_FLOE_OVERHEAD)
		return HYB_E_TRUNCATED;
	*plain = body - (full + 1) * HYB_FLOE_OVERHEAD;
	return HYB_OK;
}
