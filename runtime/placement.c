/* A launch asks its server one thing after the other and waits for each answer.
 * On one CPU an answer costs a context switch; on two it costs waking up an idle
 * processor each way, which on many machines takes longer than the answer. So
 * both start on the launch's CPU. The launch gives the caller's mask back before
 * it becomes the program; the server spreads when it has more to do than that
 * (runtime/serve/crew.c). */
#include "runtime/placement.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BITS (8 * sizeof(unsigned long))

void placement_hold(struct placement *p)
{
	unsigned long one[PLACEMENT_CPUS / BITS] = { 0 };
	int cpu = sched_getcpu();
	long len = syscall(SYS_sched_getaffinity, 0, sizeof(p->before), p->before);

	p->len = 0;
	if (len <= 0 || cpu < 0 || cpu >= PLACEMENT_CPUS)
		return;
	one[(unsigned)cpu / BITS] = 1ul << ((unsigned)cpu % BITS);
	if (syscall(SYS_sched_setaffinity, 0, sizeof(one), one) == 0)
		p->len = (size_t)len;
}

void placement_release(struct placement *p)
{
	if (p->len)
		syscall(SYS_sched_setaffinity, 0, p->len, p->before);
	p->len = 0;
}
