/* A launch asks its server one thing after the other and waits for each answer.
 * On one CPU an answer costs a context switch; on two it costs waking up an idle
 * processor each way, which on many machines takes longer than the answer. So
 * both start on the launch's CPU. The launch gives the caller's mask back before
 * it becomes the program; the server spreads when it has more to do than that
 * (runtime/serve/crew.c). */
#include "runtime/placement.h"

#include <sched.h>

void placement_hold(struct placement *p)
{
	struct cpus one = {};
	int cpu = sched_getcpu();

	p->held = false;
	if (cpu < 0 || cpu >= CPUS_MAX || cpus_get(0, &p->before))
		return;
	cpus_add(&one, (unsigned)cpu);
	p->held = cpus_set(0, &one) == 0;
}

void placement_release(struct placement *p)
{
	if (p->held)
		cpus_set(0, &p->before);
	p->held = false;
}
