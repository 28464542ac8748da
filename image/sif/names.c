#include "image/sif/names.h"

#include "base/own.h"
#include "image/sif/format.h"

#include <stdio.h>
#include <string.h>

const struct sif_code sif_types[] = {
	{ SIF_DATA_DEFFILE, "Def.FILE", "definition" },
	{ SIF_DATA_ENVVAR, "Env.Vars", "environment" },
	{ SIF_DATA_LABELS, "JSON.Labels", "labels" },
	{ SIF_DATA_PARTITION, "FS", "partition" },
	{ SIF_DATA_SIGNATURE, "Signature", "signature" },
	{ SIF_DATA_GENERIC_JSON, "JSON.Generic", "json" },
	{ SIF_DATA_GENERIC, "Generic/Raw", "generic" },
	{ SIF_DATA_CRYPTO_MESSAGE, "Cryptographic Message", "crypto-message" },
	{ SIF_DATA_SBOM, "SBOM", "sbom" },
	{ SIF_DATA_OCI_ROOT_INDEX, "OCI.RootIndex", "oci-root-index" },
	{ SIF_DATA_OCI_BLOB, "OCI.Blob", "oci-blob" },
	{ 0, NULL, NULL },
};

const struct sif_code sif_fs_types[] = {
	{ SIF_FS_SQUASH, "Squashfs", "squashfs" },
	{ SIF_FS_EXT3, "Ext3", "ext3" },
	{ SIF_FS_ARCHIVE, "Archive", "archive" },
	{ SIF_FS_RAW, "Raw", "raw" },
	{ SIF_FS_ENCRYPTED_SQUASH, "Encrypted squashfs", "encrypted-squashfs" },
	{ SIF_FS_GOCRYPTFS_SQUASH, "Gocryptfs squashfs", "gocryptfs-squashfs" },
	{ 0, NULL, NULL },
};

const struct sif_code sif_part_types[] = {
	{ SIF_PART_SYSTEM, "System", "system" },
	{ SIF_PART_PRIMARY, "*System", "primary" },
	{ SIF_PART_DATA, "Data", "data" },
	{ SIF_PART_OVERLAY, "Overlay", "overlay" },
	{ 0, NULL, NULL },
};

const struct sif_code sif_hashes[] = {
	{ 1, "SHA-256", "sha256" },
	{ 2, "SHA-384", "sha384" },
	{ 3, "SHA-512", "sha512" },
	{ 4, "BLAKE2s-256", "blake2s-256" },
	{ 5, "BLAKE2b-256", "blake2b-256" },
	{ 0, NULL, NULL },
};

const struct sif_code sif_sbom_formats[] = {
	{ 1, "cyclonedx-json", "cyclonedx-json" },
	{ 2, "cyclonedx-xml", "cyclonedx-xml" },
	{ 3, "github-json", "github-json" },
	{ 4, "spdx-json", "spdx-json" },
	{ 5, "spdx-rdf", "spdx-rdf" },
	{ 6, "spdx-tag-value", "spdx-tag-value" },
	{ 7, "spdx-yaml", "spdx-yaml" },
	{ 8, "syft-json", "syft-json" },
	{ 0, NULL, NULL },
};

const struct sif_code sif_crypto_formats[] = {
	{ 1, "OpenPGP", "openpgp" },
	{ 2, "PEM", "pem" },
	{ 0, NULL, NULL },
};

const struct sif_code sif_crypto_messages[] = {
	{ 0x100, "Clear Signature", "clear-signature" },
	{ 0x200, "RSA-OAEP", "rsa-oaep" },
	{ 0, NULL, NULL },
};

static const struct sif_code *find(const struct sif_code *table, int32_t code)
{
	while (table->name && table->code != code)
		table++;
	return table->name ? table : NULL;
}

const char *sif_code_name(const struct sif_code *table, int32_t code)
{
	const struct sif_code *c = find(table, code);

	return c ? c->name : "Unknown";
}

const char *sif_code_word(const struct sif_code *table, int32_t code)
{
	const struct sif_code *c = find(table, code);

	return c ? c->word : "unknown";
}

int32_t sif_code_find(const struct sif_code *table, const char *word)
{
	for (; table->name; table++)
		if (strcmp(table->word, word) == 0)
			return table->code;
	return 0;
}

const char *sif_type_name(int32_t type)
{
	return sif_code_name(sif_types, type);
}

const char *sif_fs_name(int32_t fs)
{
	return sif_code_name(sif_fs_types, fs);
}

const char *sif_part_name(int32_t part)
{
	return sif_code_name(sif_part_types, part);
}

/* Index = code: Go's names of architectures. */
static const char *const arch_names[] = {
	"unknown", "386",    "amd64",	 "arm",	  "arm64",   "ppc64",	"ppc64le",
	"mips",	   "mipsle", "mips64", "mips64le", "s390x", "riscv64", "loong64",
};

bool sif_arch_is_code(const void *code)
{
	const char *c = code;

	return c[0] >= '0' && c[0] <= '9' && c[1] >= '0' && c[1] <= '9' && !c[2];
}

const char *sif_arch_name(const char code[3])
{
	unsigned n;

	if (!sif_arch_is_code(code))
		return arch_names[0];
	n = (unsigned)(code[0] - '0') * 10 + (unsigned)(code[1] - '0');
	return n < ARRAY_SIZE(arch_names) ? arch_names[n] : arch_names[0];
}

const char *sif_arch_code(const char *name)
{
	static const char codes[ARRAY_SIZE(arch_names)][SIF_ARCH_LEN] = {
		"00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13",
	};

	for (size_t i = 1; i < ARRAY_SIZE(arch_names); i++)
		if (strcmp(name, arch_names[i]) == 0)
			return codes[i];
	return codes[0];
}

const char *sif_arch_host(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__i386__)
	return "386";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return "ppc64le";
#elif defined(__powerpc64__)
	return "ppc64";
#elif defined(__mips64) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return "mips64le";
#elif defined(__mips64)
	return "mips64";
#elif defined(__mips__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return "mipsle";
#elif defined(__mips__)
	return "mips";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#elif defined(__loongarch64)
	return "loong64";
#else
	return "unknown";
#endif
}

void sif_uuid_text(const uint8_t uuid[16], char ret[SIF_UUID_TEXT])
{
	char *p = ret;

	for (size_t i = 0; i < 16; i++)
		p += snprintf(p, 4, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
}
