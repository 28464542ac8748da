/* What the launch hands to sif-fuse: five descriptors and nine words. */
#ifndef SIF_RUNTIME_SERVE_HANDOVER_H
#define SIF_RUNTIME_SERVE_HANDOVER_H

/* Numbers of the descriptors in the new program; nothing else is open but 0 to
 * 2, which are on /dev/null. */
enum handover_fd {
	HANDOVER_DEVICE = 3, /* /dev/fuse, opened in the mount's user namespace, mounted */
	HANDOVER_IMAGE,	     /* the image, read only */
	HANDOVER_REPORT,     /* pipe: a struct err, or closed when the server serves */
	HANDOVER_LOG,	     /* log file, append only; may be closed */
	HANDOVER_RECORD,     /* where to write what is read first (record.h); may be closed */
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
	HANDOVER_NAME, /* of the image, for messages */
	HANDOVER_CPUS,	/* where the server runs: for serve_place (runtime/serve/serve.h) */
	HANDOVER_COMER, /* CPUs that the first comer is bound to; may be empty */
	HANDOVER_ARGC
};

/* The largest READ, bytes: an option of the mount that the server's buffers
 * are made for. */
#define HANDOVER_MAX_READ (1024 * 1024)

#endif
