/*
 * tls_ext.h — numbers of TLS extensions, for tls_hello.c and tls_msg.c.
 *
 * Standard:  IANA TLS ExtensionType Values; design/tls.md §4.3.
 */
#ifndef PQM_PARSE_TLS_EXT_H
#define PQM_PARSE_TLS_EXT_H

enum ext {
	EXT_SNI = 0,
	EXT_STATUS = 5,
	EXT_GROUPS = 10,
	EXT_POINT_FORMATS = 11,
	EXT_SCHEMES = 13,
	EXT_HEARTBEAT = 15,
	EXT_ALPN = 16,
	EXT_SCT = 18,
	EXT_CLIENT_CERT_TYPE = 19,
	EXT_SERVER_CERT_TYPE = 20,
	EXT_PADDING = 21,
	EXT_EMS = 23,
	EXT_COMPRESS = 27,
	EXT_RECORD_SIZE = 28,
	EXT_TICKET = 35,
	EXT_PSK = 41,
	EXT_EARLY_DATA = 42,
	EXT_VERSIONS = 43,
	EXT_COOKIE = 44,
	EXT_PSK_MODES = 45,
	EXT_AUTHORITIES = 47,
	EXT_KEY_SHARE = 51,
	EXT_QUIC = 0x39,
	EXT_RENEGOTIATION = 0xff01,
};

#endif
