#include "cmd/command.h"

extern const struct command command_run, command_exec, command_shell, command_test;
extern const struct command command_build, command_optimize, command_repack;
extern const struct command command_ls, command_cat, command_cp, command_du, command_unpack;
extern const struct command command_inspect, command_run_help;
extern const struct command command_mounts;
extern const struct command command_config_show, command_config_import;
extern const struct command command_sign, command_verify;
extern const struct command command_key_new, command_key_list, command_key_import, command_key_export, command_key_remove,
	command_key_trust, command_key_untrust;
extern const struct command command_verity_add, command_verity_check;
extern const struct command command_completion;
extern const struct command command_object_list, command_object_info, command_object_header, command_object_dump,
	command_object_new, command_object_add, command_object_delete, command_object_set_primary;

const struct command *const command_table[] = {
	&command_run,
	&command_exec,
	&command_shell,
	&command_test,
	&command_build,
	&command_optimize,
	&command_repack,
	&command_inspect,
	&command_run_help,
	&command_object_list,
	&command_object_info,
	&command_object_header,
	&command_object_dump,
	&command_object_new,
	&command_object_add,
	&command_object_delete,
	&command_object_set_primary,
	&command_ls,
	&command_cat,
	&command_cp,
	&command_du,
	&command_unpack,
	&command_sign,
	&command_verify,
	&command_key_new,
	&command_key_list,
	&command_key_import,
	&command_key_export,
	&command_key_remove,
	&command_key_trust,
	&command_key_untrust,
	&command_verity_add,
	&command_verity_check,
	&command_mounts,
	&command_config_show,
	&command_config_import,
	&command_completion,
	NULL,
};
