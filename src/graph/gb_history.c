/* gb_history.c — uses of the past: what was recorded before an asset's traffic was protected. */
#include "base/num.h"
#include "build.h"

/* A use of content that is better off today than N without more. */
static bool is_protected(const struct pqm_hop *h)
{
	static const char *const never[] = { "HYB", "PQ", "SYM" };

	if (h->use == 'S' || h->use == 'L')
		return false;
	for (size_t i = 0; i < h->n_layers; i++)
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++)
			if (pqm_eqs(h->layers[i], never[k]))
				return true;
	return h->coverage != 'N';
}

/* "ingress data.example" of "ingress data.example: X25519 only" */
static pqm_bytes place_of(pqm_bytes label)
{
	for (size_t i = label.n; i > 1; i--)
		if (label.p[i - 1] == ' ' && label.p[i - 2] == ':')
			return pqm_sub(label, 0, i - 2);
	return label;
}

/* Until then the same use, without what protects it today. Flowing content that ended some years ago
 * must hold so much less from now on, and began so much later: same ends, same probabilities. */
static struct pqm_hop before(
	struct gb *b, const struct gb_draft *d, const struct pqm_hop *h, double ago)
{
	bool is_safe = h->coverage == 'N' || h->coverage == 'E'; /* by its class, or enforced */
	struct pqm_hop was = *h;
	char date[16];

	pqm_date_format(date, d->a.since_days);
	was.was = h->data;
	was.data = 'S';
	was.coverage = 'N';
	was.share = 0;
	was.ended_years = h->data == 'F' ? ago : 0;
	was.in_use_years = h->in_use_years - was.ended_years;
	was.verdict = is_safe ? PQM_V_UNKNOWN : PQM_V_CLASSICAL;
	if (is_safe) {
		was.n_layers = 1;
		was.layers[0] = PQM_LIT("UNK"); /* what it was before nobody told */
	}
	was.task = was.ends = was.versions = was.groups = (pqm_bytes){ NULL, 0 };
	was.label = pqm_arena_f(b->arena, "%.*s: before %s", PQM_FMT(place_of(h->label)), date);
	was.why = pqm_arena_f(b->arena,
		"Protected since %s, as declared: what was recorded before stays recorded, and no "
		"migration changes it.",
		date);
	was.ref = d->a.since_by.words;
	was.path = d->a.since_by.path;
	was.line = d->a.since_by.line;
	was.evidence = PQM_CONFIGURED;
	was.basis = PQM_EXPLICIT;
	return was;
}

void gb_history(struct gb *b, struct gb_draft *d)
{
	double ago = (double)(b->inv->now_days - d->a.since_days) / 365.25;
	size_t n = d->a.n_hops;

	if (!d->a.has_since || d->a.since_days > b->inv->now_days)
		return;
	ago = (double)(int64_t)(ago * 100 + .5) / 100; /* as a vector has it */
	for (size_t i = 0; i < n && b->st == PQM_OK; i++) {
		struct pqm_hop was, *now = &d->a.hops[i];

		if (!is_protected(now) || !(now->in_use_years > ago))
			continue;
		was = before(b, d, now, ago);
		was.was_of = (uint32_t)i;
		if (now->data == 'F') {
			now->in_use_years = ago;
			now->in_use_by = d->a.since_by;
		}
		gb_hop_add(b, d, &was);
	}
}
