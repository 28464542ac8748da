#include "cmd/verify_report.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void verification_clear(struct verification *v)
{
	verify_free(&v->result);
	sif_image_free(&v->img);
	trust_free(&v->trust);
	free(v->local);
	free(v->trees);
}

int verification_judge_pgp(void *ctx, const char *message, size_t len, struct pgp_result *ret, struct str *plain,
			   struct err *e)
{
	struct verification *v = ctx;
	struct trust_pgp p = { .trust = &v->trust };

	if (trust_judge_pgp(&p, message, len, ret, plain, e))
		return -1;
	v->local = xreallocarray(v->local, v->local_n + 1, sizeof(*v->local));
	v->local[v->local_n++] = p.is_local;
	return 0;
}

/* Is the i-th signature by an OpenPGP key out of the caller's own rings? */
static bool is_local(const struct verification *v, size_t i)
{
	size_t pgp = 0;

	for (size_t k = 0; k < i; k++)
		pgp += v->result.v[k].kind == SIGNATURE_PGP;
	return v->result.v[i].kind == SIGNATURE_PGP && pgp < v->local_n && v->local[pgp];
}

static bool knows_pgp_key(const struct verify_signature *s)
{
	return s->kind == SIGNATURE_PGP && s->pgp.verdict != VERDICT_UNKNOWN && s->pgp.verdict != VERDICT_INVALID;
}

static void add_fingerprint(const struct verify_signature *s, const char *format, struct str *out)
{
	for (size_t i = 0; s->pgp.has_fingerprint && i < PGP_FINGERPRINT; i++)
		str_addf(out, strcmp(format, "%X") == 0 ? "%02X" : "%02x", s->pgp.fingerprint[i]);
}

/* --- as Apptainer prints it --- */

static void peers_row(const struct sif_object *o, struct str *out)
{
	char group[16] = "NONE", link[16] = "NONE";

	if (o->group)
		snprintf(group, sizeof(group), "%" PRIu32, o->group);
	if (o->link)
		snprintf(link, sizeof(link), o->link_is_group ? "%" PRIu32 " (G)" : "%" PRIu32, o->link);
	str_addf(out, "%-4" PRIu32 "|%-8s|%-8s|%s\n", o->id, group, link, sif_type_name(o->type));
}

static void peers_text(const struct verification *v, struct str *out)
{
	for (size_t i = 0; i < v->result.n; i++) {
		const struct verify_signature *s = &v->result.v[i];

		if (knows_pgp_key(s)) {
			const char *prefix = is_local(v, i) ? "[LOCAL]" : "[GLOBAL]";

			str_addf(out, "%-18s Signing entity: ", prefix);
			str_add_printable(out, s->pgp.name);
			str_addf(out, "\n%-18s Fingerprint: ", prefix);
			add_fingerprint(s, "%X", out);
			str_addc(out, '\n');
		}
		if (s->verified) {
			str_add(out, "Objects verified:\nID  |GROUP   |LINK    |TYPE\n");
			str_add(out, "------------------------------------------------\n");
		}
		for (size_t k = 0; k < s->verified; k++)
			peers_row(s->objects[k], out);
	}
}

static void peers_json_entry(const struct verification *v, size_t i, const struct sif_object *o, bool good, bool *first,
			     struct str *out)
{
	const struct verify_signature *s = &v->result.v[i];
	bool known = knows_pgp_key(s);

	str_add(out, *first ? "\n    {\n" : ",\n    {\n");
	*first = false;
	str_add(out, "      \"Signer\": {\n        \"Partition\": ");
	str_add_json(out, sif_type_name(o->type));
	str_add(out, ",\n        \"Name\": ");
	str_add_json(out, known ? s->pgp.name : "unknown");
	str_add(out, ",\n        \"Fingerprint\": \"");
	if (known)
		add_fingerprint(s, "%x", out);
	str_addf(out, "\",\n        \"KeyLocal\": %s,\n        \"KeyCheck\": %s,\n        \"DataCheck\": %s\n      }\n    }",
		 is_local(v, i) && known ? "true" : "false", known ? "true" : "false", good ? "true" : "false");
}

static void peers_json(const struct verification *v, struct str *out)
{
	OWN_STR struct str list = {};
	bool first = true;

	for (size_t i = 0; i < v->result.n; i++) {
		const struct verify_signature *s = &v->result.v[i];

		for (size_t k = 0; k < s->verified; k++)
			peers_json_entry(v, i, s->objects[k], true, &first, &list);
		if (s->wrong)
			peers_json_entry(v, i, s->wrong, false, &first, &list);
	}
	str_addf(out, "{\n  \"Signatures\": %zu,\n  \"SignerKeys\": ", v->result.n);
	if (first)
		str_add(out, "null\n}\n");
	else
		str_addf(out, "[%s\n  ]\n}\n", str_text(&list));
}

/* --- ours --- */

static void add_signer(const struct verify_signature *s, struct str *out)
{
	if (s->key) {
		str_addf(out, "%s key %s ", pubkey_kind(s->key), pubkey_id(s->key));
		str_addc(out, '(');
		str_add_printable(out, pubkey_name(s->key));
		str_addc(out, ')');
	} else if (s->kind == SIGNATURE_PGP) {
		str_addf(out, "OpenPGP key %s", s->pgp.key);
		if (s->pgp.name[0]) {
			str_add(out, " (");
			str_add_printable(out, s->pgp.name);
			str_addc(out, ')');
		}
	} else {
		str_addf(out, "key %s", s->pgp.key);
	}
}

static void own_text(const struct verification *v, struct str *out)
{
	for (size_t i = 0; i < v->result.n; i++) {
		const struct verify_signature *s = &v->result.v[i];

		if (s->err.kind)
			continue;
		str_addf(out, "signature %" PRIu32 ": %s, by ", s->object->id, verdict_word(s->pgp.verdict));
		add_signer(s, out);
		str_add(out, "\n  objects:");
		for (size_t k = 0; k < s->verified; k++)
			str_addf(out, " %" PRIu32 " %s%s", s->objects[k]->id, sif_type_name(s->objects[k]->type),
				 k + 1 < s->verified ? "," : "");
		str_addc(out, '\n');
	}
	for (size_t i = 0; i < v->trees_n; i++)
		str_addf(out, "hash tree: every block of object %" PRIu32 " is what it says\n", v->trees[i].partition->id);
	str_addf(out, "%s: verified\n", v->name);
}

static void own_json_signature(const struct verify_signature *s, struct str *out)
{
	str_addf(out, "{\"object\": %" PRIu32 ", \"kind\": \"%s\", \"verdict\": \"%s\", \"key\": ", s->object->id,
		 s->kind == SIGNATURE_PGP ? "pgp" : "dsse", verdict_word(s->pgp.verdict));
	str_add_json(out, s->key ? pubkey_id(s->key) : s->pgp.key);
	str_add(out, ", \"name\": ");
	str_add_json(out, s->key ? pubkey_name(s->key) : s->pgp.name);
	str_add(out, ", \"verified\": [");
	for (size_t k = 0; k < s->verified; k++)
		str_addf(out, "%s%" PRIu32, k ? ", " : "", s->objects[k]->id);
	str_add(out, "]}");
}

static void own_json(const struct verification *v, const struct err *e, struct str *out)
{
	str_add(out, "{\n  \"image\": ");
	str_add_json(out, v->name);
	str_addf(out, ",\n  \"verified\": %s,\n  \"signatures\": [", e ? "false" : "true");
	for (size_t i = 0; i < v->result.n; i++) {
		str_add(out, i ? ",\n    " : "\n    ");
		own_json_signature(&v->result.v[i], out);
	}
	str_add(out, v->result.n ? "\n  ],\n  \"hash_trees\": [" : "],\n  \"hash_trees\": [");
	for (size_t i = 0; !e && i < v->trees_n; i++)
		str_addf(out, "%s%" PRIu32, i ? ", " : "", v->trees[i].partition->id);
	str_add(out, "],\n  \"error\": ");
	if (e)
		str_add_json(out, e->msg);
	else
		str_add(out, "null");
	str_add(out, "\n}\n");
}

void verification_report(const struct verification *v, bool json, const struct err *e)
{
	bool peers = v->inv->dialect != DIALECT_SIF;
	OWN_STR struct str out = {};

	if (json && peers)
		peers_json(v, &out);
	else if (json)
		own_json(v, e, &out);
	else if (peers)
		peers_text(v, &out);
	else if (!e && !v->inv->quiet)
		own_text(v, &out);
	fputs(str_text(&out), stdout);
	if (peers && !e && !v->inv->quiet)
		fprintf(stderr, "%s: verified signature(s) from image '%s'\n", v->inv->name, v->name);
}
