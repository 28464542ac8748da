/* The SIF container file as it lies on disk: offsets and codes.
 * Source: the SIF format, version 01 (global header 128 bytes, descriptors 585
 * bytes, both packed, little-endian). */
#ifndef SIF_IMAGE_SIF_FORMAT_H
#define SIF_IMAGE_SIF_FORMAT_H

#include <stdint.h>

#define SIF_MAGIC "SIF_MAGIC"
#define SIF_VERSION "01"
#define SIF_LAUNCH "#!/usr/bin/env run-singularity\n"
#define SIF_LAUNCH_LEN 32
#define SIF_HEADER_LEN 128
#define SIF_DESCR_LEN 585
#define SIF_DESCR_OFFSET 4096
#define SIF_DESCR_DEFAULT 48
#define SIF_DESCR_LIMIT 65536 /* ours: a hostile count is refused above it */
#define SIF_NAME_LEN 128
#define SIF_EXTRA_LEN 384
#define SIF_GROUP_MASK 0xf0000000u
#define SIF_GROUP_NONE SIF_GROUP_MASK
#define SIF_GROUP_DEFAULT 1u
/* Go's zero time in Unix seconds: every time of a deterministic image. */
#define SIF_TIME_ZERO (-62135596800LL)

enum sif_type {
	SIF_DATA_DEFFILE = 0x4001,
	SIF_DATA_ENVVAR = 0x4002,
	SIF_DATA_LABELS = 0x4003,
	SIF_DATA_PARTITION = 0x4004,
	SIF_DATA_SIGNATURE = 0x4005,
	SIF_DATA_GENERIC_JSON = 0x4006,
	SIF_DATA_GENERIC = 0x4007,
	SIF_DATA_CRYPTO_MESSAGE = 0x4008,
	SIF_DATA_SBOM = 0x4009,
	SIF_DATA_OCI_ROOT_INDEX = 0x400a,
	SIF_DATA_OCI_BLOB = 0x400b,
};

enum sif_fs {
	SIF_FS_SQUASH = 1,
	SIF_FS_EXT3 = 2,
	SIF_FS_ARCHIVE = 3,
	SIF_FS_RAW = 4,
	SIF_FS_ENCRYPTED_SQUASH = 5,
	SIF_FS_GOCRYPTFS_SQUASH = 6,
};

enum sif_part {
	SIF_PART_SYSTEM = 1,
	SIF_PART_PRIMARY = 2,
	SIF_PART_DATA = 3,
	SIF_PART_OVERLAY = 4,
};

#endif
