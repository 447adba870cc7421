/* k8s_version.c — whether the release that an image's tag names is one that a rule speaks of. */
#include "k8s_look.h"

#define VERSION_PARTS 4

struct version {
	uint64_t part[VERSION_PARTS];
	size_t n;
};

/* "v1.15.1-distroless": the numbers at the start; 0 parts when it starts with none. */
static struct version version_of(pqm_bytes text)
{
	struct version v = { .n = 0 };
	size_t i = text.n > 0 && text.p[0] == 'v' ? 1 : 0;

	while (v.n < VERSION_PARTS && i < text.n && text.p[i] >= '0' && text.p[i] <= '9') {
		uint64_t x = 0;

		for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
			x = x > UINT32_MAX ? x : x * 10 + (uint64_t)(text.p[i] - '0');
		v.part[v.n++] = x;
		if (i >= text.n || text.p[i] != '.')
			break;
		i++;
	}
	return v;
}

/* Only as far as both say: 1.15 is neither before nor after 1.15.3. */
static int cmp_version(const struct version *a, const struct version *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return 0;
}

static pqm_bytes tag_of(pqm_bytes image)
{
	size_t at = pqm_find_byte(image, 0, '@'), i;

	image = pqm_sub(image, 0, at < image.n ? at : image.n);
	for (i = image.n; i > 0 && image.p[i - 1] != ':' && image.p[i - 1] != '/'; i--)
		continue;
	return i == 0 || image.p[i - 1] == '/' ? (pqm_bytes){ NULL, 0 }
					       : pqm_sub(image, i, image.n);
}

bool k8s_image_fits(pqm_bytes versions, pqm_bytes image)
{
	struct version is = version_of(tag_of(image));
	pqm_bytes clause;

	if (is.n == 0)
		return true;
	while (pqm_split(&versions, ',', &clause)) {
		clause = pqm_trim(clause);
		bool is_least = pqm_starts(clause, PQM_LIT(">="));
		struct version than =
			version_of(pqm_trim(pqm_sub(clause, is_least ? 2 : 1, clause.n)));
		int c = cmp_version(&is, &than);

		if (than.n > 0 && (is_least ? c < 0 : c >= 0))
			return false;
	}
	return true;
}
