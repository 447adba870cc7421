#include "hyb/asn1.h"

/* Length octets [X.690 §8.1.3, §10.1]: short form below 128, else as few octets as do. */
static bool take_length(hyb_bytes *in, size_t *n)
{
	size_t octets, v = 0;

	if (in->n == 0)
		return false;
	octets = *in->p++;
	in->n--;
	if (octets < 0x80) {
		*n = octets;
		return true;
	}
	octets &= 0x7f;
	if (octets == 0 || octets > 3 || octets > in->n)
		return false;
	for (size_t i = 0; i < octets; i++)
		v = v << 8 | in->p[i];
	if (v < 0x80 || v >> (8 * (octets - 1)) == 0)
		return false;
	in->p += octets;
	in->n -= octets;
	*n = v;
	return true;
}

bool hyb_der_is_next(hyb_bytes in, uint8_t tag)
{
	return in.n > 0 && in.p[0] == tag;
}

bool hyb_der_take(hyb_bytes *in, uint8_t tag, hyb_bytes *body)
{
	hyb_bytes c = *in;
	size_t n;

	if (!hyb_der_is_next(c, tag))
		return false;
	c.p++;
	c.n--;
	if (!take_length(&c, &n) || n > c.n)
		return false;
	*body = (hyb_bytes){ c.p, n };
	*in = (hyb_bytes){ c.p + n, c.n - n };
	return true;
}

bool hyb_der_take_uint(hyb_bytes *in, uint64_t *v)
{
	hyb_bytes c = *in, b;
	uint64_t x = 0;

	if (!hyb_der_take(&c, DER_INTEGER, &b) || b.n == 0 || b.n > 8 || (b.p[0] & 0x80) != 0)
		return false;
	if (b.n > 1 && b.p[0] == 0 && (b.p[1] & 0x80) == 0)
		return false;
	for (size_t i = 0; i < b.n; i++)
		x = x << 8 | b.p[i];
	*in = c;
	*v = x;
	return true;
}

/* One arc, decimal digits up to '.' or the end, in groups of seven bits; UUID arcs have 128 bits. */
static bool arc(const char **text, uint8_t group[20], size_t *n, unsigned add)
{
	const char *s = *text;

	*n = 1;
	group[0] = 0;
	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		unsigned carry = (unsigned)(*s - '0') + (s[1] < '0' || s[1] > '9' ? add : 0);

		for (size_t i = 0; i < *n || carry != 0; i++) {
			if (i == 20)
				return false;
			if (i == *n) {
				group[i] = 0;
				(*n)++;
			}
			carry += (unsigned)group[i] * 10;
			group[i] = carry & 0x7f;
			carry >>= 7;
		}
	}
	if (*s != '.' && *s != '\0')
		return false;
	*text = *s == '.' ? s + 1 : s;
	return true;
}

size_t hyb_der_oid(uint8_t out[DER_OID_MAX], const char *dotted)
{
	size_t n = 0, groups;
	uint8_t group[20];
	const char *s = dotted;

	/* the first two arcs share one number [X.690 §8.19.4] */
	if (s[0] < '0' || s[0] > '2' || s[1] != '.')
		return 0;
	for (unsigned add = (unsigned)(s[0] - '0') * 40; n == 0 || *s != '\0'; add = 0) {
		if (n == 0)
			s += 2;
		if (!arc(&s, group, &groups, add) || groups > DER_OID_MAX - n)
			return 0;
		while (groups-- > 0)
			out[n++] = (uint8_t)(group[groups] | (groups > 0 ? 0x80 : 0));
	}
	return n;
}

void hyb_der_start(struct hyb_der_out *o, uint8_t *buf, size_t n)
{
	*o = (struct hyb_der_out){ buf, n, false };
}

void hyb_der_put(struct hyb_der_out *o, hyb_bytes b)
{
	if (b.n > o->at)
		o->failed = true;
	if (o->failed || b.n == 0)
		return;
	o->at -= b.n;
	memcpy(o->buf + o->at, b.p, b.n);
}

void hyb_der_put_byte(struct hyb_der_out *o, uint8_t b)
{
	hyb_der_put(o, (hyb_bytes){ &b, 1 });
}

void hyb_der_wrap(struct hyb_der_out *o, size_t since, uint8_t tag)
{
	size_t n = since - o->at;

	if (n < 0x80) {
		hyb_der_put_byte(o, (uint8_t)n);
	} else {
		uint8_t octets = 0;

		for (; n > 0; n >>= 8, octets++)
			hyb_der_put_byte(o, (uint8_t)n);
		hyb_der_put_byte(o, 0x80 | octets);
	}
	hyb_der_put_byte(o, tag);
}

void hyb_der_put_value(struct hyb_der_out *o, uint8_t tag, hyb_bytes body)
{
	size_t since = o->at;

	hyb_der_put(o, body);
	hyb_der_wrap(o, since, tag);
}

void hyb_der_put_uint(struct hyb_der_out *o, uint64_t v)
{
	size_t since = o->at;
	uint8_t b;

	do {
		b = (uint8_t)v;
		hyb_der_put_byte(o, b);
		v >>= 8;
	} while (v > 0 || (b & 0x80) != 0);
	hyb_der_wrap(o, since, DER_INTEGER);
}
