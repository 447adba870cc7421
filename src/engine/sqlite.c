/* SQLite is loaded when it is first needed: a scan of files needs none. */
#include "engine/sqlite.h"

#include <dlfcn.h>
#include <string.h>

bool pqm_sqlite_load(struct pqm_sqlite *sq)
{
	const struct {
		const char *name;
		void *function;
	} all[] = {
		{ "sqlite3_open_v2", &sq->open },
		{ "sqlite3_close_v2", &sq->close },
		{ "sqlite3_exec", &sq->exec },
		{ "sqlite3_prepare_v2", &sq->prepare },
		{ "sqlite3_step", &sq->step },
		{ "sqlite3_reset", &sq->reset },
		{ "sqlite3_finalize", &sq->finalize },
		{ "sqlite3_bind_blob", &sq->bind_blob },
		{ "sqlite3_bind_text", &sq->bind_text },
		{ "sqlite3_bind_int64", &sq->bind_int },
		{ "sqlite3_bind_double", &sq->bind_double },
		{ "sqlite3_column_blob", &sq->blob },
		{ "sqlite3_column_bytes", &sq->bytes },
		{ "sqlite3_column_int64", &sq->integer },
		{ "sqlite3_column_double", &sq->real },
		{ "sqlite3_last_insert_rowid", &sq->last_id },
		{ "sqlite3_busy_timeout", &sq->timeout },
		{ "sqlite3_limit", &sq->limit },
		{ "sqlite3_errstr", &sq->words },
	};

	bool is_ready;

	sq->lib = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
	is_ready = sq->lib != NULL;
	for (size_t i = 0; is_ready && i < sizeof(all) / sizeof(all[0]); i++) {
		void *p = dlsym(sq->lib, all[i].name);

		memcpy(all[i].function, &p, sizeof(p));
		is_ready = p != NULL;
	}
	return is_ready;
}

/* statfs(2), linux/magic.h and the file systems' own sources. */
bool pqm_is_remote_fs(uint64_t file_system)
{
	static const uint32_t remote[] = {
		0x6969,	    /* NFS */
		0x517b,	    /* SMB */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB2 */
		0x5346414f, /* AFS */
		0x73757245, /* Coda */
		0x01021997, /* 9P */
		0x65735546, /* FUSE: sshfs and object stores */
		0x00c36400, /* Ceph */
		0x0bd00bd0, /* Lustre */
		0x47504653, /* GPFS */
		0x01161970, /* GFS2 */
		0x7461636f, /* OCFS2 */
		0x19830326, /* BeeGFS */
		0x786f4256, /* shared folders of VirtualBox */
	};

	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if ((file_system & UINT32_MAX) == remote[i])
			return true;
	return false;
}
