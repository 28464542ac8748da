/* What the configuration makes of a run: defaults, and the administrator's
 * limits. A user's file (and words) can only tighten what the administrator's
 * file says.
 *
 * This is the policy of this program, not a wall: where users may create user
 * namespaces they may run any other program in them. */
#ifndef SIF_RUNTIME_POLICY_H
#define SIF_RUNTIME_POLICY_H

#include "base/err.h"
#include "runtime/config.h"
#include "runtime/options.h"

/* The setting of a single-valued key that counts for an image (absolute,
 * resolved; NULL = none known), NULL = the built-in value. Of the two files the
 * stricter value counts; within one file the longest section, then the last
 * line. */
const struct setting *policy_setting(const struct config *c, const struct config_key *key, const char *image);

/* Complete a spec that holds words and environment twins: defaults of options,
 * bind paths, mounts, sizes. ERR_POLICY, with file and line, for what the
 * administrator forbids. To be followed by options_settle. */
int policy_apply(const struct config *c, struct run_spec *s, struct option_sources *src, struct err *e) MUST_CHECK;

#endif
