#include "runtime/launch.h"

int launch(const struct run_spec *spec, char **ret_text, int *ret_status, struct err *e)
{
	(void)ret_text;
	(void)ret_status;
	return err_set(e, ERR_BUG, "cannot run '%s': this build has no launch path", spec->image);
}
