/* How long a shared server may live: in which job step this process runs. */
#ifndef SIF_RUNTIME_SERVER_SCOPE_H
#define SIF_RUNTIME_SERVER_SCOPE_H

/* A server must not live in something that is killed before its users are, nor
 * be killed with something its users outlive. In a batch job that is the step:
 * all its processes end together. Outside of jobs it is the service of
 * systemd that this process belongs to, else the user: two terminals share. */
struct scope {
	char text[512]; /* same text = same scope; "user" = none that is known */
	int job;	/* it is a batch job or its step */
	int ends;	/* the batch system ends every process of the scope */
};

/* cgroup: the text of /proc/self/cgroup ("" when there is none). env: looks a
 * variable of the environment up, NULL when it is not set.
 * Source: cgroups(7), proc(5); the cgroup tree of Slurm ("job_N/step_M", every
 * rank in a leaf below); systemd.kill(5). */
void scope_find(const char *cgroup, const char *(*env)(const char *name), struct scope *ret);

/* The scope of this process. */
void scope_here(struct scope *ret);

#endif
