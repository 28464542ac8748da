/* Labels: a sorted map of strings, as labels.json has it. */
#ifndef SIF_IMAGE_PACK_LABELS_H
#define SIF_IMAGE_PACK_LABELS_H

#include "base/err.h"
#include "base/own.h"
#include "base/str.h"

#include <stdint.h>

struct labels {
	struct label {
		char *key, *value;
	} *v;
	size_t n, cap;
};

void labels_free(struct labels *l);
#define OWN_LABELS OWN(labels_free)
void labels_set(struct labels *l, const char *key, const char *value);
const char *labels_get(const struct labels *l, const char *key);
/* Take over a labels.json: string members; others are skipped. what: for messages. */
int labels_parse(struct labels *l, const char *text, size_t len, const char *what, struct err *e) MUST_CHECK;
/* K=V words of --label; ERR_USAGE. */
int labels_add_words(struct labels *l, const struct strv *words, struct err *e) MUST_CHECK;
/* The labels that each build adds. time: of the image, Unix seconds. */
void labels_add_build(struct labels *l, int64_t time, const char *arch, const char *version);

/* The text of labels.json: one member a line. */
void labels_file(const struct labels *l, struct str *out);
/* As one JSON object without white space. */
void labels_json(const struct labels *l, struct str *out);

/* Append s as a JSON string the way Go's encoder does: <, >, & and the line
 * separators U+2028 and U+2029 escaped, bytes that are no UTF-8 as \ufffd. */
void json_go_string(struct str *out, const char *s);

#endif
