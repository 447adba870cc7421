/* img_guess.c — whether a path that was named is an image: a folder with an OCI layout, or a tar archive with one or
 * with what `docker save` writes. What lies somewhere below a folder is left a file. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/num.h"
#include "img.h"
#include "unpack.h"

#define BLOCK ((uint64_t)512) /* [POSIX pax: ustar Interchange Format] */
#define NAME_AT 0
#define NAME_BYTES 100
#define SIZE_AT 124
#define SIZE_DIGITS 11
#define MAGIC_AT 257
/* Of manifest.json: the first image names its configuration and its layers in it. */
#define SAVED_BYTES 4096
/* `docker save` writes what is asked for here behind the layers, two or three entries each. */
#define PACKED_ENTRIES 3
#define ENTRIES_MAX (4 * PQM_OCI_LAYERS)

static bool is_layout(int dir)
{
	return faccessat(dir, "oci-layout", R_OK, 0) == 0 &&
		faccessat(dir, "index.json", R_OK, 0) == 0;
}

/* Size of an entry; base-256 and nonsense: UINT64_MAX. */
static uint64_t size_of(const uint8_t *header)
{
	uint64_t n = 0;

	for (size_t i = 0; i < SIZE_DIGITS; i++) {
		uint8_t c = header[SIZE_AT + i];

		if (c == ' ' || c == '\0')
			break;
		if (c < '0' || c > '7')
			return UINT64_MAX;
		n = n * 8 + (uint64_t)(c - '0');
	}
	return n;
}

static pqm_bytes name_of(const uint8_t *header)
{
	pqm_bytes name = { header + NAME_AT, strnlen((const char *)header + NAME_AT, NAME_BYTES) };

	return pqm_starts(name, PQM_LIT("./")) ? pqm_sub(name, 2, name.n) : name;
}

/* Other programs write a manifest.json as well; this one is a list of images. */
static bool is_saved(int fd, uint64_t at, uint64_t size)
{
	uint8_t text[SAVED_BYTES];
	ssize_t n = pread(fd, text, size < sizeof(text) ? (size_t)size : sizeof(text), (off_t)at);
	const pqm_bytes b = { text, n > 0 ? (size_t)n : 0 };

	return b.n > 0 && text[0] == '[' && pqm_find(b, 0, PQM_LIT("\"Config\"")) != SIZE_MAX &&
		pqm_find(b, 0, PQM_LIT("\"Layers\"")) != SIZE_MAX;
}

static bool is_archive(int fd, uint64_t end)
{
	uint8_t header[BLOCK];
	bool has_layout = false, has_index = false;
	uint64_t at = 0;

	for (unsigned i = 0; i < ENTRIES_MAX && at < end; i++) {
		uint64_t size;
		pqm_bytes name;

		if (pread(fd, header, sizeof(header), (off_t)at) != (ssize_t)sizeof(header) ||
			memcmp(header + MAGIC_AT, "ustar", 5) != 0)
			return false;
		size = size_of(header);
		name = name_of(header);
		has_layout = has_layout || pqm_eqs(name, "oci-layout");
		has_index = has_index || pqm_eqs(name, "index.json");
		if ((has_layout && has_index) ||
			(pqm_eqs(name, "manifest.json") && is_saved(fd, at + BLOCK, size)))
			return true;
		if (size > end)
			return false;
		at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
	}
	return false;
}

/* "blobs/…", "oci-layout", or a folder or file that is called by a SHA-256. */
static bool is_of_image(pqm_bytes name)
{
	size_t n = 0;

	if (pqm_starts(name, PQM_LIT("./")))
		name = pqm_sub(name, 2, name.n);
	while (n < name.n && pqm_hex_lower(name.p[n]) >= 0)
		n++;
	return pqm_starts(name, PQM_LIT("blobs/sha256")) || pqm_eqs(name, "oci-layout") ||
		(n == 64 && (n == name.n || name.p[n] == '/' || name.p[n] == '.'));
}

/* Of what is packed only the beginning is looked at; a wrong guess is found out by who reads it. */
static bool is_packed_archive(int fd, uint64_t size)
{
	struct pqm_err ignored = { 0 };
	struct pqm_feed *feed = pqm_image_slice(fd, 0, size, &ignored);
	struct pqm_unpack *u = NULL;
	struct pqm_entry e;
	bool got = true, found = false;
	enum pqm_st st = feed == NULL ? PQM_ENOMEM : pqm_unpack_open(&u, feed, &ignored);

	for (unsigned i = 0; i < PACKED_ENTRIES && st == PQM_OK && !found; i++) {
		st = pqm_unpack_next(u, &e, &got, &ignored);
		if (st != PQM_OK || !got || e.is_alone)
			break;
		found = is_of_image(e.name);
	}
	pqm_unpack_close(u);
	if (feed != NULL)
		feed->close(feed);
	return found;
}

static bool is_packed(int fd)
{
	uint8_t head[PQM_PACK_HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	return n > 0 && pqm_pack_of((pqm_bytes){ head, (size_t)n }) == PQM_PACK_STREAM;
}

const char *pqm_image_guess(const char *path)
{
	struct stat sb;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *scheme = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &sb) == 0) {
		if (S_ISDIR(sb.st_mode) && is_layout(fd))
			scheme = "oci:";
		else if (S_ISREG(sb.st_mode) &&
			(is_packed(fd) ? is_packed_archive(fd, (uint64_t)sb.st_size)
				       : is_archive(fd, (uint64_t)sb.st_size)))
			scheme = "docker-archive:";
	}
	(void)close(fd);
	return scheme;
}
