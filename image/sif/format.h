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

/* Offsets in the global header. Integers are i64. */
enum sif_header_field {
	SIF_H_LAUNCH = 0,
	SIF_H_MAGIC = 32,
	SIF_H_VERSION = 42,
	SIF_H_ARCH = 45,
	SIF_H_UUID = 48,
	SIF_H_CREATED = 64,
	SIF_H_MODIFIED = 72,
	SIF_H_FREE = 80,
	SIF_H_TOTAL = 88,
	SIF_H_TABLE_OFFSET = 96,
	SIF_H_TABLE_SIZE = 104,
	SIF_H_DATA_OFFSET = 112,
	SIF_H_DATA_SIZE = 120,
};

/* Offsets in a descriptor. Up to the link 32 bits wide, then i64. */
enum sif_descr_field {
	SIF_D_TYPE = 0,
	SIF_D_USED = 4, /* one byte */
	SIF_D_ID = 5,
	SIF_D_GROUP = 9, /* always with the mask */
	SIF_D_LINK = 13, /* with the mask: a group */
	SIF_D_OFFSET = 17,
	SIF_D_SIZE = 25,
	SIF_D_PADDED = 33, /* size + the gap BEFORE the object */
	SIF_D_CREATED = 41,
	SIF_D_MODIFIED = 49,
	SIF_D_UID = 57,
	SIF_D_GID = 65,
	SIF_D_NAME = 73,
	SIF_D_EXTRA = 201,
};

/* Offsets in the extra of a partition, of a signature, of a crypto message. */
enum sif_extra_field {
	SIF_X_PART_FS = 0,
	SIF_X_PART_TYPE = 4,
	SIF_X_PART_ARCH = 8,
	SIF_X_SIGN_HASH = 0,
	SIF_X_SIGN_ENTITY = 4,
	SIF_X_CRYPTO_FORMAT = 0,
	SIF_X_CRYPTO_MESSAGE = 4,
	SIF_X_SBOM_FORMAT = 0,
	SIF_X_DIGEST = 0,
};
#define SIF_ARCH_LEN 3 /* two digits and NUL */
#define SIF_ENTITY_LEN 20
#define SIF_PART_ALIGN 4096

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
