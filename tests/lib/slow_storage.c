/* slow_storage [-d MS] [-c CONTROL] FOLDER MOUNTPOINT COMMAND [ARGUMENT...]
 *
 * Runs COMMAND where FOLDER's files (a flat folder, read only) are seen at
 * MOUNTPOINT through a FUSE file system that can be slow and can fail: storage
 * for tests of images on storage. In new user and mount namespaces, so for
 * ordinary users. Exit status 125 is a failure of this program, else COMMAND's.
 *
 * -d MS       each READ, of 128 KiB at most, takes so long
 * -c CONTROL  a file that is looked at before each READ, whose words say:
 *     fail ERRNO   reads fail: EIO, ESTALE, ETIMEDOUT, ENOTCONN, ESHUTDOWN
 *     hold         reads get no answer
 *     stale N      reads of files that were opened before this N was written
 *                  here give ESTALE, for ever
 *   Anything else: all is well. With a control file the kernel caches nothing. */
#include "base/fd.h"
#include "base/num.h"
#include "runtime/serve/protocol.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define MAX_READ 131072u
#define THREADS 8
#define NODES 64

static struct {
	int device_fd, folder_fd;
	const char *control;
	uint32_t delay_ms;
	pthread_mutex_t lock;
	unsigned n;
	char *names[NODES]; /* of node 2 and those that follow */
} storage = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void sleep_ms(uint32_t ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 }, NULL);
}

/* "" when there is no control file, or none at the moment. */
static void read_control(char *text, size_t size)
{
	OWN_FD int fd = storage.control ? open(storage.control, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
}

static unsigned generation(void)
{
	char text[64];
	unsigned n = 0;

	read_control(text, sizeof(text));
	return sscanf(text, "stale %u", &n) == 1 ? n : 0;
}

/* What the control file does to a read of a file that was opened in this
 * generation: 0 or -errno. */
static int obey(unsigned opened)
{
	static const struct {
		const char *name;
		int sys;
	} errors[] = { { "EIO", EIO }, { "ESTALE", ESTALE }, { "ETIMEDOUT", ETIMEDOUT },
		       { "ENOTCONN", ENOTCONN }, { "ESHUTDOWN", ESHUTDOWN } };
	char text[64], word[16];
	unsigned n;

	for (;; sleep_ms(5)) {
		read_control(text, sizeof(text));
		if (strncmp(text, "hold", 4) != 0)
			break;
	}
	if (sscanf(text, "stale %u", &n) == 1)
		return opened < n ? -ESTALE : 0;
	if (sscanf(text, "fail %15s", word) != 1)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (strcmp(word, errors[i].name) == 0)
			return -errors[i].sys;
	return -EINVAL;
}

static const char *name_of(uint64_t node)
{
	return node == FUSE_ROOT_ID ? "." : node - 2 < storage.n ? storage.names[node - 2] : "";
}

/* 0 = there is no room for one more. */
static uint64_t node_of(const char *name)
{
	uint64_t node = 0;

	pthread_mutex_lock(&storage.lock);
	for (unsigned i = 0; i < storage.n && !node; i++)
		if (strcmp(storage.names[i], name) == 0)
			node = i + 2;
	if (!node && storage.n < NODES && (storage.names[storage.n] = strdup(name)))
		node = ++storage.n + 1;
	pthread_mutex_unlock(&storage.lock);
	return node;
}

static int fill_attr(uint64_t node, struct fuse_attr *ret)
{
	struct stat st;

	if (fstatat(storage.folder_fd, name_of(node), &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	*ret = (struct fuse_attr){ .ino = st.st_ino, .size = (uint64_t)st.st_size,
				   .blocks = (uint64_t)st.st_blocks, .mtime = (uint64_t)st.st_mtime,
				   .ctime = (uint64_t)st.st_ctime, .mode = st.st_mode, .nlink = 1,
				   .uid = st.st_uid, .gid = st.st_gid, .blksize = 4096 };
	return 0;
}

static ssize_t answer_init(const struct fuse_init_in *in, struct fuse_init_out *out)
{
	*out = (struct fuse_init_out){ .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
				       .max_readahead = MAX_READ, .max_write = 4096,
				       .flags = in->flags & (FUSE_ASYNC_READ | FUSE_MAX_PAGES),
				       .max_pages = MAX_READ / 4096, .max_background = 32,
				       .congestion_threshold = 24 };
	return sizeof(*out);
}

static ssize_t answer_lookup(const char *name, struct fuse_entry_out *out)
{
	struct stat st;

	if (strchr(name, '/') || fstatat(storage.folder_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return -ENOENT;
	*out = (struct fuse_entry_out){ .nodeid = node_of(name) };
	return !out->nodeid ? -ENFILE : fill_attr(out->nodeid, &out->attr) ? -EIO : (ssize_t)sizeof(*out);
}

/* The handle: the generation, and the descriptor of the file below. */
static ssize_t answer_open(uint64_t node, struct fuse_open_out *out)
{
	int fd = openat(storage.folder_fd, name_of(node), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*out = (struct fuse_open_out){ .fh = (uint64_t)generation() << 32 | (unsigned)fd,
				       .open_flags = storage.control ? FOPEN_DIRECT_IO : 0 };
	return sizeof(*out);
}

static ssize_t answer_read(const struct fuse_read_in *in, void *out)
{
	int rc = obey((unsigned)(in->fh >> 32));
	ssize_t n;

	if (rc)
		return rc;
	if (storage.delay_ms)
		sleep_ms(storage.delay_ms);
	n = pread((int)(uint32_t)in->fh, out, in->size < MAX_READ ? in->size : MAX_READ, (off_t)in->offset);
	return n < 0 ? -errno : n;
}

static ssize_t answer(const struct request *rq, void *out)
{
	uint64_t node = rq->head->nodeid;
	struct fuse_attr_out *attr = out;
	int rc;

	switch (rq->head->opcode) {
	case FUSE_INIT:
		return answer_init(rq->arg, out);
	case FUSE_LOOKUP:
		return answer_lookup(rq->arg, out);
	case FUSE_GETATTR:
		*attr = (struct fuse_attr_out){};
		rc = fill_attr(node, &attr->attr);
		return rc ? rc : (ssize_t)sizeof(*attr);
	case FUSE_OPEN:
		return answer_open(node, out);
	case FUSE_READ:
		return answer_read(rq->arg, out);
	case FUSE_RELEASE:
		close((int)(uint32_t)((const struct fuse_release_in *)rq->arg)->fh);
		return 0;
	case FUSE_OPENDIR:
	case FUSE_READDIR:
	case FUSE_RELEASEDIR:
		return rq->head->opcode == FUSE_OPENDIR ? (ssize_t)sizeof(struct fuse_open_out) : 0;
	}
	return -ENOSYS;
}

static void *work(void *arg)
{
	struct channel c;
	struct request rq;
	struct err e = {};

	(void)arg;
	if (channel_open(&c, storage.device_fd, &e))
		return NULL;
	while (channel_receive(&c, &rq, &e) > 0) {
		uint32_t op = rq.head->opcode;

		memset(c.data, 0, 256);
		if (op == FUSE_FORGET || op == FUSE_BATCH_FORGET || op == FUSE_INTERRUPT)
			continue;
		channel_reply(&c, &rq, answer(&rq, c.data));
	}
	return NULL;
}

static int write_map(const char *path, const char *text, unsigned id, struct err *e)
{
	OWN_FD int fd = fd_open(path, O_WRONLY, e);
	char map[64];

	snprintf(map, sizeof(map), "%u %u 1", id, id);
	text = text ? text : map;
	return fd < 0 ? -1 : fd_write_full(fd, text, strlen(text), path, e);
}

static int put_up(const char *mountpoint, struct err *e)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	char options[160];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return err_sys(e, errno, "cannot make namespaces");
	if (write_map("/proc/self/setgroups", "deny", 0, e) || write_map("/proc/self/uid_map", NULL, uid, e) ||
	    write_map("/proc/self/gid_map", NULL, gid, e))
		return -1;
	storage.device_fd = fd_open("/dev/fuse", O_RDWR, e);
	if (storage.device_fd < 0)
		return -1;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u,max_read=%u",
		 storage.device_fd, uid, gid, MAX_READ);
	if (mount("slow_storage", mountpoint, "fuse", MS_NOSUID | MS_NODEV | MS_RDONLY, options))
		return err_sys(e, errno, "cannot mount on '%s'", mountpoint);
	return 0;
}

static int run(int argc, char **argv, int *ret_status, struct err *e)
{
	pthread_t thread;
	pid_t pid;
	int opt;

	while ((opt = getopt(argc, argv, "+d:c:")) != -1)
		if (opt == 'c')
			storage.control = optarg;
		else if (opt != 'd' || num_u32(optarg, &storage.delay_ms, e))
			return err_set(e, ERR_USAGE, "a bad option");
	argv += optind;
	if (argc - optind < 3)
		return err_set(e, ERR_USAGE, "slow_storage [-d MS] [-c CONTROL] FOLDER MOUNTPOINT COMMAND...");
	storage.folder_fd = fd_open(argv[0], O_PATH | O_DIRECTORY, e);
	if (storage.folder_fd < 0 || put_up(argv[1], e))
		return -1;
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	for (int i = 0; i < THREADS; i++)
		if (pid < 0 || pthread_create(&thread, NULL, work, NULL))
			return err_set(e, ERR_SYSTEM, "cannot start");
	while (waitpid(pid, ret_status, 0) < 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = {};
	int status = 0;

	if (run(argc, argv, &status, &e)) {
		dprintf(STDERR_FILENO, "slow_storage: %s\n", e.msg);
		return 125;
	}
	/* What still runs on this storage meets its end. */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
