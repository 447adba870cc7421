/*
 * opener.h — the dialogues in front of STARTTLS: what line and binary protocols share. Not for other files
 * than opener*.c and their tests.
 *
 * Shape:     opener.c is the machine: it cuts lines, counts, and keeps what is to be told; a protocol is a
 *            pair of functions that look at one line (or at the bytes) and say how it goes on.
 * Units:     bytes.
 * Ownership: a dialogue belongs to its machine; lines are borrowed for the call.
 * Errors:    in .end and .refusal; the functions never fail.
 * Limits:    OPENER_*: below. A dialogue of an honest server is under 4 kB.
 */
#ifndef PQM_PROBE_OPENER_H
#define PQM_PROBE_OPENER_H

#include "probe/int.h"

/* We say who we are with a name that cannot belong to anybody [RFC6761 §6.4]. */
#define OPENER_OUR_NAME "pqmap.invalid"

#define OPENER_LINE_BYTES 8192u	   /* IMAP greetings with long capability lists stay under 2,000 */
#define OPENER_LINES 400u	   /* the longest honest list, of INN's capabilities, has 30 */
#define OPENER_BYTES (64u << 10)   /* of the whole dialogue */
#define OPENER_BANNER_BYTES 128u   /* of the banner kept */
#define OPENER_MESSAGE_BYTES 4096u /* of a binary protocol's message */

enum opener_step {
	OPENER_MORE,	/* goes on reading */
	OPENER_READY,	/* TLS may start */
	OPENER_REFUSED, /* the server said no: words are in refusal */
	OPENER_GARBAGE, /* not this protocol: words are in refusal */
};

struct opener {
	const struct opener_proto *proto;
	unsigned state;	   /* the protocol's own; starts at 0 */
	const char *phase; /* what we wait for: "greeting", "answer to STARTTLS" */
	bool has_starttls; /* listed among the capabilities */
	bool has_greeting; /* a banner was taken */
	size_t n_lines, n_bytes;
	size_t n_behind;    /* bytes that came behind the go-ahead, dropped */
	uint32_t selected;  /* RDP: protocol chosen */
	enum probe_end end; /* PROBE_RUNNING until it is known */
	char host[256];
	char banner[OPENER_BANNER_BYTES + 1];
	char refusal[224];
};

struct opener_proto {
	const char *scheme;
	const char *first;  /* sent at the start; NULL: the server talks first */
	size_t first_bytes; /* of `first` when it holds NULs; 0: a text */
	const char *bye;    /* sent when there will be no TLS; NULL: none */
	/* One of the two. A line comes without its end. */
	enum opener_step (*line)(struct opener *o, pqm_bytes line, struct pqm_buf *out);
	enum opener_step (*take)(struct opener *o, pqm_bytes in, size_t *used, struct pqm_buf *out);
	/* Instead of `first`, when it must be made. */
	void (*open)(struct opener *o, struct pqm_buf *out);
};

/* opener_line.c, opener_bin.c: end with a NULL scheme. */
extern const struct opener_proto probe_line_protos[], probe_bin_protos[];

/* Copies text that is fit to print: other bytes become '?', ends are trimmed. */
void probe_opener_text(char *out, size_t size, pqm_bytes text);
/* Keeps the first banner; later ones are ignored. */
void probe_opener_keep(struct opener *o, pqm_bytes text);
/* Words of a refusal, with what the server said behind them (may be empty). */
enum opener_step probe_opener_refuse(struct opener *o, const char *what, pqm_bytes said);
enum opener_step probe_opener_garbage(struct opener *o, const char *what, pqm_bytes said);
/* Sends text and waits for `phase`. */
enum opener_step probe_opener_say(
	struct opener *o, struct pqm_buf *out, const char *text, const char *phase);
/* A reply line of SMTP, FTP and NNTP, without its end: three digits, then '-' when more lines follow [RFC5321
 * §4.2]. */
bool probe_opener_reply(pqm_bytes line, unsigned *code, bool *is_last);
/* Is the word in the line, ASCII case-insensitive, between blanks, quotes or brackets? */
bool probe_has_word(pqm_bytes line, const char *word);

#endif
