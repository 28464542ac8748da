#include "runtime/spec.h"

void run_spec_init(struct run_spec *s)
{
	*s = (struct run_spec){
		.mount_home = true,
		.mount_tmp = true,
		.mount_cwd = true,
		.mount_proc = true,
		.mount_sys = true,
		.mount_dev = true,
		.bind_control = true,
		.record_fd = -1,
		.linger = -1,
	};
}

void run_spec_free(struct run_spec *s)
{
	struct strv *const lists[] = { &s->args,      &s->bind_words, &s->mount_words,	 &s->bind_paths, &s->scratch,
				       &s->env,	      &s->env_files,  &s->env_from_host, &s->no_env,	 &s->overlay,
				       &s->no_mount };
	char **const strings[] = { &s->image, &s->workdir, &s->cwd, &s->home, &s->shell, &s->app, &s->hostname, &s->dns,
				 &s->mount_cpus, &s->engine };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strv_free(lists[i]);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		own_free_(strings[i]);
}
