#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hyb/file.h"

uint8_t *hyb_map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED ? p : NULL;
}

void hyb_unmap(uint8_t *p, size_t n)
{
	/* The kernel gives no page away before it is cleared. */
	if (p != NULL)
		(void)munmap(p, n);
}

/* After a failed transfer: true to try again, once the descriptor is ready where it would block. */
static bool again(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

enum hyb_st hyb_read_full(int fd, uint8_t *p, size_t *n)
{
	size_t done = 0, want = *n;

	while (done < want) {
		ssize_t got = read(fd, p + done, want - done);

		if (got == 0)
			break;
		if (got > 0)
			done += (size_t)got;
		else if (!again(fd, POLLIN))
			return HYB_E_IO;
	}
	*n = done;
	return HYB_OK;
}

enum hyb_st hyb_write_full(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put >= 0) {
			p += put;
			n -= (size_t)put;
		} else if (!again(fd, POLLOUT)) {
			return HYB_E_IO;
		}
	}
	return HYB_OK;
}

enum hyb_st hyb_pread_full(int fd, uint8_t *p, size_t n, uint64_t off)
{
	while (n > 0) {
		ssize_t got = pread(fd, p, n, (off_t)off);

		if (got == 0)
			return HYB_E_TRUNCATED;
		if (got < 0 && !again(fd, POLLIN))
			return HYB_E_IO;
		if (got > 0) {
			p += got;
			n -= (size_t)got;
			off += (uint64_t)got;
		}
	}
	return HYB_OK;
}
