/* apptainer.conf and singularity.conf in the words of sif.conf. */
#ifndef SIF_CMD_CONFIG_IMPORT_H
#define SIF_CMD_CONFIG_IMPORT_H

#include "base/str.h"

/* Translate the text of a file. Every directive that is set in it gives at
 * least one line of out: a setting, or a comment that says why there is none.
 * Returns the number of directives without equivalent whose value asks for
 * something that will not happen. */
size_t config_import(const char *text, struct str *out);

#endif
