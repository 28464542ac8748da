/* Codes of the SIF format and their words. Two kinds of words: names are what
 * the listings of other SIF tools print ("Def.FILE", "Squashfs"), words are
 * ours, for options and JSON ("definition", "squashfs").
 * A code that no table knows is "Unknown" or "unknown", never an error. */
#ifndef SIF_IMAGE_SIF_NAMES_H
#define SIF_IMAGE_SIF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* One code. Tables end with .name = NULL. */
struct sif_code {
	int32_t code;
	const char *name, *word;
};

extern const struct sif_code sif_types[], sif_fs_types[], sif_part_types[], sif_hashes[], sif_sbom_formats[],
	sif_crypto_formats[], sif_crypto_messages[];

/* Name or word of a code, "Unknown" or "unknown". */
const char *sif_code_name(const struct sif_code *table, int32_t code);
const char *sif_code_word(const struct sif_code *table, int32_t code);
/* Code of one of our words; 0 when there is none (no table has a code 0). */
int32_t sif_code_find(const struct sif_code *table, const char *word);

const char *sif_type_name(int32_t type);
const char *sif_fs_name(int32_t fs);
const char *sif_part_name(int32_t part);

/* Is it a code at all, known or not: two digits and NUL? */
bool sif_arch_is_code(const void *code);
/* Go's name of an architecture code, "unknown". */
const char *sif_arch_name(const char code[3]);
/* Code of an architecture name, "00" when unknown; then ARCH_HINT helps. */
#define ARCH_HINT "amd64, arm64, ppc64le, riscv64, s390x, 386, arm, loong64, ppc64, mips..."
const char *sif_arch_code(const char *name);
/* The machine's own architecture as a Go name. */
const char *sif_arch_host(void);

/* "4f307b4c-58a8-4753-9c0f-21dceefed4a6" */
#define SIF_UUID_TEXT 37
void sif_uuid_text(const uint8_t uuid[16], char ret[SIF_UUID_TEXT]);

#endif
