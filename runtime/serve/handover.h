/* What the launch hands to sif-fuse: descriptors and words at fixed places. The
 * device and the namespaces come later, through HANDOVER_CONTROL
 * (runtime/serve/wire.h): they exist only when the server has been started. */
#ifndef SIF_RUNTIME_SERVE_HANDOVER_H
#define SIF_RUNTIME_SERVE_HANDOVER_H

/* Numbers of the descriptors in the new program; nothing else is open but 0 to
 * 2, which are on /dev/null. */
enum handover_fd {
	HANDOVER_CONTROL = 3, /* SOCK_SEQPACKET: in, one message with descriptors; out, a
				 struct err, or closed when the server serves */
	HANDOVER_IMAGE,	      /* the image, read only */
	HANDOVER_LOG,	      /* log file, append only, or /dev/null */
	HANDOVER_RECORD,      /* where to write what is read first (record.h); may be closed */
	HANDOVER_LISTEN,      /* shared: the socket on which comers arrive; else closed */
	HANDOVER_PLACE,	      /* shared: its directory; else closed */
	HANDOVER_END
};

/* argv of sif-fuse */
enum handover_arg {
	HANDOVER_PROGRAM,
	HANDOVER_OFFSET, /* of the SquashFS in the image, bytes */
	HANDOVER_SIZE,	 /* of the SquashFS, bytes */
	HANDOVER_UID,	 /* owner shown for every file */
	HANDOVER_GID,
	HANDOVER_HOT_OFFSET, /* of the hot list in the image, bytes; 0 = none */
	HANDOVER_HOT_SIZE,
	HANDOVER_NAME,	 /* of the image, for messages */
	HANDOVER_CPUS,	 /* where the server runs: for serve_cpus (runtime/serve/serve.h) */
	HANDOVER_COMER,	 /* CPUs that the first comer is bound to; may be empty */
	HANDOVER_KEY,	 /* runtime/server/key.h; empty = not shared */
	HANDOVER_SOCKET, /* file name of the socket in its directory */
	HANDOVER_LINGER, /* seconds to stay after the last user; UINT32_MAX = until it is killed */
	HANDOVER_SQUASHFUSE, /* path of squashfuse_ll, which is to read the image; empty = sif-fuse does */
	HANDOVER_ARGC
};

/* The largest READ, bytes: an option of the mount that the server's buffers
 * are made for. */
#define HANDOVER_MAX_READ (1024 * 1024)

#endif
