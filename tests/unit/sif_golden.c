/* The writer gives the same bytes as the reference implementation: each case
 * is a list of steps and the file that they must make, from the interop data
 * (SIF_SHARED). Objects go through the writer and, in a second round, through
 * sif_add, which must agree. Exit status 77 (skipped) when the data are absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/sif/write.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define TIME 946702800
#define HASH_EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HASH_OTHER "sha256:44d2a93d04cbb1acf5406dcc6a81a439d2cf17a79f22a19d094dcb78dc852f80"

static char *data_dir, *golden_dir;

enum op { DONE, ADD, DELETE, PRIMARY };

struct step {
	enum op op;
	int32_t type;
	const char *data, *name;
	int32_t fs, part; /* of a partition */
	const char *arch, *digest;
	uint32_t align, id;
	bool zero, compact, refused;
};

/* Times of objects tell additions from objects that were there at first. */
enum way { ANY_WAY, ONLY_WRITTEN, ONLY_ADDED };

struct golden {
	const char *file, *launch;
	enum way way;
	uint32_t capacity;
	bool has_uuid, has_time, change_has_time;
	int64_t time, change_time;
	struct step steps[6];
};

#define GENERIC(text) .op = ADD, .type = SIF_DATA_GENERIC, .data = text
#define PART(text, fs_, part_, arch_) \
	.op = ADD, .type = SIF_DATA_PARTITION, .data = text, .fs = fs_, .part = part_, .arch = arch_
#define FACE "\xfa\xce"
#define FEED "\xfe\xed"
#define PRIMARY_FEED PART(FEED, SIF_FS_SQUASH, SIF_PART_PRIMARY, "386")
#define RAW_1 PART(FACE, SIF_FS_RAW, SIF_PART_SYSTEM, "386")
#define RAW_2 PART(FEED, SIF_FS_RAW, SIF_PART_SYSTEM, "amd64")
#define N128 \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

static const uint8_t test_uuid[16] = { 0xde, 0x17, 0x0c, 0x43, 0x36, 0xab, 0x44, 0xa8,
				       0xbc, 0xa9, 0x1e, 0xa1, 0xa0, 0x70, 0xa2, 0x74 };

static const struct golden goldens[] = {
	{ .file = "writer/w1-two-descr-capacity.sif", .capacity = 2,
	  .steps = { { .op = ADD, .type = SIF_DATA_DEFFILE, .data = "bootstrap: scratch\n" },
		     { PART("0123456789", SIF_FS_SQUASH, SIF_PART_PRIMARY, "amd64") },
		     { GENERIC("x"), .refused = true } } },
	{ .file = "writer/w2-del-middle.sif",
	  .steps = { { GENERIC("aaaa"), .name = "a" }, { GENERIC("bbbb"), .name = "b" },
		     { GENERIC("cccc"), .name = "c" }, { .op = DELETE, .id = 2 } } },
	{ .file = "writer/w3-del-middle-zero.sif",
	  .steps = { { GENERIC("aaaa") }, { GENERIC("bbbb") }, { GENERIC("cccc") },
		     { .op = DELETE, .id = 2, .zero = true } } },
	{ .file = "writer/w4-del-last-compact.sif",
	  .steps = { { GENERIC("aaaa") }, { PART("pppp", SIF_FS_RAW, SIF_PART_DATA, "arm64") },
		     { .op = DELETE, .id = 2, .compact = true } } },
	{ .file = "writer/w10-second-prim.sif",
	  .steps = { { PART("1111", SIF_FS_SQUASH, SIF_PART_PRIMARY, "amd64") },
		     { PART("2222", SIF_FS_SQUASH, SIF_PART_PRIMARY, "amd64"), .refused = true } } },
	{ .file = "writer/w11-oci.sif",
	  .steps = { { .op = ADD, .type = SIF_DATA_OCI_BLOB, .data = "{\"schemaVersion\":2}",
		       .digest = "sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f" },
		     { .op = ADD, .type = SIF_DATA_OCI_ROOT_INDEX,
		       .data = "{\"schemaVersion\":2,\"manifests\":[]}",
		       .digest = "sha256:bc5857ac9458293d5111ab85c952172cd7f56bceb4e3014ddc4cafac8927b313" } } },
	{ .file = "writer/w13-empty-object.sif", .steps = { { GENERIC("") }, { GENERIC("x"), .name = N128 } } },

	{ .file = "sif/TestCreateContainer/Empty.golden" },
	{ .file = "sif/TestCreateContainer/EmptyCloseOnUnload.golden" },
	{ .file = "sif/TestCreateContainer/EmptyDescriptorLimitedCapacity.golden", .capacity = 1 },
	{ .file = "sif/TestCreateContainer/EmptyLaunchScript.golden", .launch = "#!/usr/bin/env launch-script\n" },
	{ .file = "sif/TestCreateContainer/EmptyWithID.golden", .has_uuid = true },
	{ .file = "sif/TestCreateContainer/EmptyWithTime.golden", .has_time = true, .time = TIME },
	{ .file = "sif/TestCreateContainer/OneDescriptor.golden", .steps = { { GENERIC(FACE) } } },
	{ .file = "sif/TestCreateContainer/TwoDescriptors.golden", .steps = { { GENERIC(FACE) }, { PRIMARY_FEED } } },
	{ .file = "sif/TestCreateContainer/TwoDescriptorsAligned.golden",
	  .steps = { { GENERIC(FACE) }, { PRIMARY_FEED, .align = 4 } } },
	{ .file = "sif/TestCreateContainer/TwoDescriptorsNotAligned.golden",
	  .steps = { { GENERIC(FACE) }, { PRIMARY_FEED, .align = 1 } } },
	{ .file = "sif/TestCreateContainerAtPath/Empty.golden" },
	{ .file = "sif/TestCreateContainerAtPath/EmptyDescriptorLimitedCapacity.golden", .capacity = 1 },
	{ .file = "sif/TestCreateContainerAtPath/OneDescriptor.golden", .steps = { { GENERIC(FACE) } } },
	{ .file = "sif/TestCreateContainerAtPath/TwoDescriptors.golden", .steps = { { GENERIC(FACE) }, { PRIMARY_FEED } } },
	{ .file = "sif/TestCreateContainerAtPath/TwoDescriptorsAligned.golden",
	  .steps = { { GENERIC(FACE) }, { PRIMARY_FEED, .align = 4 } } },
	{ .file = "sif/TestCreateContainerAtPath/TwoDescriptorsNotAligned.golden",
	  .steps = { { GENERIC(FACE) }, { PRIMARY_FEED, .align = 1 } } },

	{ .file = "sif/TestAddObject/Empty.golden", .steps = { { GENERIC(FACE) } } },
	{ .file = "sif/TestAddObject/EmptyAligned.golden", .steps = { { GENERIC(FACE), .align = 128 } } },
	{ .file = "sif/TestAddObject/EmptyNotAligned.golden", .steps = { { GENERIC(FACE) } } },
	{ .file = "sif/TestAddObject/Deterministic.golden", .way = ONLY_ADDED, .has_uuid = true, .has_time = true, .time = TIME,
	  .change_has_time = true, .change_time = SIF_TIME_ZERO, .steps = { { GENERIC(FACE) } } },
	{ .file = "sif/TestAddObject/WithTime.golden", .way = ONLY_ADDED, .change_has_time = true, .change_time = TIME,
	  .steps = { { GENERIC(FACE) } } },
	{ .file = "sif/TestAddObject/NotEmpty.golden", .steps = { { GENERIC(FACE) }, { PRIMARY_FEED } } },
	{ .file = "sif/TestAddObject/NotEmptyAligned.golden",
	  .steps = { { GENERIC(FACE) }, { PRIMARY_FEED, .align = 128 } } },
	{ .file = "sif/TestAddObject/NotEmptyNotAligned.golden",
	  .steps = { { GENERIC(FACE) }, { PRIMARY_FEED, .align = 1 } } },
	{ .file = "sif/TestAddObject/ErrPrimaryPartition.golden",
	  .steps = { { PART(FACE, SIF_FS_SQUASH, SIF_PART_PRIMARY, "386") }, { PRIMARY_FEED, .refused = true } } },

	{ .file = "sif/TestDeleteObject/Compact.golden",
	  .steps = { { GENERIC(FACE) }, { .op = DELETE, .id = 1, .compact = true } } },
	{ .file = "sif/TestDeleteObject/Deterministic.golden", .has_uuid = true, .has_time = true, .time = TIME,
	  .change_has_time = true, .change_time = SIF_TIME_ZERO,
	  .steps = { { GENERIC(FACE) }, { .op = DELETE, .id = 1 } } },
	{ .file = "sif/TestDeleteObject/WithTime.golden", .change_has_time = true, .change_time = TIME,
	  .steps = { { GENERIC(FACE) }, { .op = DELETE, .id = 1 } } },
	{ .file = "sif/TestDeleteObject/ErrObjectNotFound.golden", .steps = { { .op = DELETE, .id = 1, .refused = true } } },
	{ .file = "sif/TestDeleteObject/OneCompact.golden",
	  .steps = { { GENERIC(FACE) }, { GENERIC(FEED) }, { .op = DELETE, .id = 1, .compact = true } } },
	{ .file = "sif/TestDeleteObject/OneZero.golden",
	  .steps = { { GENERIC(FACE) }, { GENERIC(FEED) }, { .op = DELETE, .id = 1, .zero = true } } },
	{ .file = "sif/TestDeleteObject/OneZeroCompact.golden",
	  .steps = { { GENERIC(FACE) }, { GENERIC(FEED) },
		     { .op = DELETE, .id = 1, .zero = true, .compact = true } } },
	{ .file = "sif/TestDeleteObject/TwoCompact.golden",
	  .steps = { { GENERIC(FACE) }, { GENERIC(FEED) }, { .op = DELETE, .id = 2, .compact = true } } },
	{ .file = "sif/TestDeleteObject/TwoZero.golden",
	  .steps = { { GENERIC(FACE) }, { GENERIC(FEED) }, { .op = DELETE, .id = 2, .zero = true } } },
	{ .file = "sif/TestDeleteObject/TwoZeroCompact.golden",
	  .steps = { { GENERIC(FACE) }, { GENERIC(FEED) },
		     { .op = DELETE, .id = 2, .zero = true, .compact = true } } },
	{ .file = "sif/TestDeleteObject/PrimaryPartition.golden",
	  .steps = { { PART(FACE, SIF_FS_SQUASH, SIF_PART_PRIMARY, "386") }, { .op = DELETE, .id = 1 } } },
	{ .file = "sif/TestDeleteObjectAndAddObject/Compact.golden",
	  .steps = { { GENERIC("abc") }, { GENERIC("def") }, { .op = DELETE, .id = 2, .compact = true },
		     { GENERIC("ghi") } } },
	{ .file = "sif/TestDeleteObjectAndAddObject/NoCompact.golden",
	  .steps = { { GENERIC("abc") }, { GENERIC("def") }, { .op = DELETE, .id = 2 }, { GENERIC("ghi") } } },
	{ .file = "sif/TestDeleteObjectAndAddObject/Zero.golden",
	  .steps = { { GENERIC("abc") }, { GENERIC("def") }, { .op = DELETE, .id = 2, .zero = true },
		     { GENERIC("ghi") } } },
	{ .file = "sif/TestDeleteObjectAndAddObject/ZeroCompact.golden",
	  .steps = { { GENERIC("abc") }, { GENERIC("def") },
		     { .op = DELETE, .id = 2, .zero = true, .compact = true }, { GENERIC("ghi") } } },
	{ .file = "sif/TestDeleteObjects/DataType.golden",
	  .steps = { { GENERIC(FACE) }, { GENERIC(FEED) }, { .op = DELETE, .id = 1 }, { .op = DELETE, .id = 2 } } },
	{ .file = "sif/TestDeleteObjects/DataTypeCompact.golden",
	  .steps = { { GENERIC(FACE) }, { GENERIC(FEED) }, { .op = DELETE, .id = 1, .compact = true },
		     { .op = DELETE, .id = 2, .compact = true } } },
	{ .file = "sif/TestDeleteObjects/ErrObjectNotFound.golden", .steps = { { .op = DELETE, .id = 1, .refused = true } } },
	{ .file = "sif/TestDeleteObjects/NilSelectFunc.golden", .steps = { { GENERIC(FACE) }, { GENERIC(FEED) } } },
	{ .file = "sif/TestDeleteObjects/PrimaryPartitionCompact.golden",
	  .steps = { { PART(FACE, SIF_FS_SQUASH, SIF_PART_PRIMARY, "386") },
		     { .op = DELETE, .id = 1, .compact = true } } },

	{ .file = "sif/TestSetPrimPart/ErrObjectNotFound.golden", .steps = { { .op = PRIMARY, .id = 1, .refused = true } } },
	{ .file = "sif/TestSetPrimPart/One.golden", .steps = { { RAW_1 }, { .op = PRIMARY, .id = 1 } } },
	{ .file = "sif/TestSetPrimPart/Two.golden",
	  .steps = { { PART(FACE, SIF_FS_RAW, SIF_PART_PRIMARY, "386") }, { RAW_2 }, { .op = PRIMARY, .id = 2 } } },
	{ .file = "sif/TestSetPrimPart/Deterministic.golden", .way = ONLY_WRITTEN, .has_uuid = true, .has_time = true,
	  .time = TIME, .change_has_time = true, .change_time = SIF_TIME_ZERO,
	  .steps = { { RAW_1 }, { .op = PRIMARY, .id = 1 } } },
	{ .file = "sif/TestSetPrimPart/WithTime.golden", .way = ONLY_WRITTEN, .change_has_time = true, .change_time = TIME,
	  .steps = { { PART(FACE, SIF_FS_RAW, SIF_PART_PRIMARY, "386") }, { RAW_2 }, { .op = PRIMARY, .id = 2 } } },
	{ .file = "sif/TestSetMetadata/ErrObjectNotFound.golden" },
	{ .file = "sif/TestSetMetadata/One.golden",
	  .steps = { { .op = ADD, .type = SIF_DATA_OCI_BLOB, .data = FACE, .digest = HASH_EMPTY } } },
	{ .file = "sif/TestSetMetadata/Two.golden",
	  .steps = { { .op = ADD, .type = SIF_DATA_OCI_BLOB, .data = FACE, .digest = HASH_OTHER },
		     { .op = ADD, .type = SIF_DATA_OCI_BLOB, .data = FEED, .digest = HASH_EMPTY } } },
};

static void fill(struct sif_input *in, const struct step *s)
{
	struct err e;

	*in = (struct sif_input){ .type = s->type, .group = SIF_GROUP_DEFAULT, .alignment = s->align, .name = s->name };
	if (s->arch)
		assert_int_equal(sif_input_partition(in, s->fs, s->part, s->arch, &e), 0);
	if (s->digest)
		memcpy(in->extra + SIF_X_DIGEST, s->digest, strlen(s->digest));
}

static void must(int rc, bool refused, const struct golden *g, const struct err *e)
{
	if ((rc != 0) != refused)
		fail_msg("%s: %s", g->file, rc ? e->msg : "a step was not refused");
}

/* Steps up to the first that is no addition; returns how many. */
static unsigned create(const struct golden *g, int fd, bool add_later)
{
	struct sif_options opt = { .launch = g->launch ? g->launch : "", .capacity = g->capacity, .deterministic = true,
				   .has_uuid = g->has_uuid, .has_time = g->has_time, .time = g->time };
	struct sif_writer *w;
	struct err e = {};
	unsigned i = 0;

	memcpy(opt.uuid, test_uuid, sizeof(test_uuid));
	must(sif_writer_new(fd, "new.sif", &opt, &w, &e), false, g, &e);
	for (; !add_later && g->steps[i].op == ADD; i++) {
		const struct step *s = &g->steps[i];
		struct sif_input in;

		fill(&in, s);
		must(sif_writer_add(w, &in, s->data, strlen(s->data), &e), s->refused, g, &e);
	}
	must(sif_writer_finish(w, &e), false, g, &e);
	sif_writer_free(w);
	return i;
}

static void change(const struct golden *g, const struct step *s, int fd)
{
	struct sif_change c = { .has_time = g->change_has_time, .time = g->change_time };
	OWN_FD int data = memfd_create("data", MFD_CLOEXEC);
	struct sif_input in;
	struct err e = {};
	int rc;

	switch (s->op) {
	case ADD:
		fill(&in, s);
		assert_int_equal(write(data, s->data, strlen(s->data)), (ssize_t)strlen(s->data));
		lseek(data, 0, SEEK_SET);
		rc = sif_add(fd, "new.sif", &in, data, &c, &e);
		break;
	case DELETE:
		rc = sif_delete(fd, "new.sif", s->id, s->zero, s->compact, &c, &e);
		break;
	default:
		rc = sif_set_primary(fd, "new.sif", s->id, &c, &e);
	}
	must(rc, s->refused, g, &e);
}

static void compare(const struct golden *g, int fd)
{
	OWN_FREE char *path = xasprintf("%s/%s", golden_dir, g->file), *want = NULL, *got = NULL;
	size_t want_len, got_len, i = 0;
	struct err e;

	if (fd_read_file(path, 1 << 20, &want, &want_len, &e))
		fail_msg("%s", e.msg);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(fd_read_all(fd, 1 << 20, "new.sif", &got, &got_len, &e), 0);
	while (i < want_len && i < got_len && want[i] == got[i])
		i++;
	if (i < want_len || i < got_len)
		fail_msg("%s: differs at byte %zu (%zu bytes, wanted %zu)", g->file, i, got_len, want_len);
}

static void make(const struct golden *g, bool add_later)
{
	OWN_FD int fd = memfd_create("image", MFD_CLOEXEC);

	for (unsigned i = create(g, fd, add_later); g->steps[i].op; i++)
		change(g, &g->steps[i], fd);
	compare(g, fd);
}

static void writer_equals_reference(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(goldens); k++)
		if (goldens[k].way != ONLY_ADDED)
			make(&goldens[k], false);
}

static void additions_equal_reference(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(goldens); k++)
		if (goldens[k].way != ONLY_WRITTEN)
			make(&goldens[k], true);
}

/* Every image of the two lines of peers: how many objects it has. */
static const struct {
	const char *file;
	uint32_t objects;
	uint32_t primary; /* 0 = none */
	const char *arch;
} images[] = {
	{ "sif/apptainer/busybox_amd64.sif", 5, 4, "amd64" },
	{ "sif/apptainer/busybox_arm64.sif", 5, 4, "arm64" },
	{ "sif/apptainer/empty.sif", 0, 0, NULL },
	{ "sif/apptainer/one-group.sif", 2, 2, "386" },
	{ "sif/apptainer/one-group-signed-dsse.sif", 3, 2, "386" },
	{ "sif/apptainer/one-group-signed-legacy.sif", 3, 2, "386" },
	{ "sif/apptainer/one-group-signed-legacy-all.sif", 4, 2, "386" },
	{ "sif/apptainer/one-group-signed-legacy-group.sif", 3, 2, "386" },
	{ "sif/apptainer/one-group-signed-pgp.sif", 3, 2, "386" },
	{ "sif/singularity/empty.oci.sif", 1, 0, NULL },
	{ "sif/sylabs-sif/empty.sif", 0, 0, NULL },
	{ "sif/sylabs-sif/empty-id.sif", 0, 0, NULL },
	{ "sif/sylabs-sif/empty-launch-script.sif", 0, 0, NULL },
	{ "sif/sylabs-sif/one-group.sif", 2, 2, "386" },
	{ "sif/sylabs-sif/one-group-signed-dsse.sif", 3, 2, "386" },
	{ "sif/sylabs-sif/one-group-signed-legacy.sif", 3, 2, "386" },
	{ "sif/sylabs-sif/one-group-signed-legacy-all.sif", 4, 2, "386" },
	{ "sif/sylabs-sif/one-group-signed-legacy-group.sif", 3, 2, "386" },
	{ "sif/sylabs-sif/one-group-signed-pgp.sif", 3, 2, "386" },
	{ "sif/sylabs-sif/one-object-crypt-message.sif", 1, 0, NULL },
	{ "sif/sylabs-sif/one-object-generic-json.sif", 1, 0, NULL },
	{ "sif/sylabs-sif/one-object-oci-blob.sif", 1, 0, NULL },
	{ "sif/sylabs-sif/one-object-oci-root-index.sif", 1, 0, NULL },
	{ "sif/sylabs-sif/one-object-sbom.sif", 1, 0, NULL },
	{ "sif/sylabs-sif/one-object-time.sif", 1, 0, NULL },
	{ "sif/sylabs-sif/two-groups.sif", 3, 2, "386" },
	{ "sif/sylabs-sif/two-groups-signed-dsse.sif", 5, 2, "386" },
	{ "sif/sylabs-sif/two-groups-signed-legacy.sif", 4, 2, "386" },
	{ "sif/sylabs-sif/two-groups-signed-legacy-all.sif", 5, 2, "386" },
	{ "sif/sylabs-sif/two-groups-signed-legacy-group.sif", 4, 2, "386" },
	{ "sif/sylabs-sif/two-groups-signed-pgp.sif", 5, 2, "386" },
	{ "own/own-one-group-sha384-rsa.sif", 3, 2, "386" },
	{ "own/dsse-ecdsa.sif", 3, 2, "386" },
	{ "encrypted/gocryptfs-passphrase.sif", 2, 2, "amd64" },
	{ "encrypted/passphrase-sector512.sif", 2, 2, "amd64" },
};

static void peers_images_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		OWN_FREE char *path = xasprintf("%s/%s", data_dir, images[i].file);
		OWN_SIF_IMAGE struct sif_image img = {};
		const struct sif_object *p;
		struct err e = {};
		OWN_FD int fd = fd_open(path, O_RDONLY, &e);

		if (fd < 0 || sif_read(fd, images[i].file, &img, &e))
			fail_msg("%s", e.msg);
		p = sif_primary(&img);
		if (img.n != images[i].objects || (p ? p->id : 0) != images[i].primary)
			fail_msg("%s: %u objects, primary %u", images[i].file, img.n, p ? p->id : 0);
		if (p)
			assert_string_equal(sif_part_arch(&img, p), images[i].arch);
	}
}

/* What a change of metadata wrote has times that differ: only read. */
static void every_golden_file_is_read(void **state)
{
	OWN_FREE char *base = xasprintf("%s/sif", golden_dir);
	OWN_DIR DIR *dir = opendir(base);
	struct dirent *d;
	unsigned n = 0;

	(void)state;
	assert_non_null(dir);
	while ((d = readdir(dir))) {
		OWN_FREE char *sub = xasprintf("%s/%s", base, d->d_name);
		OWN_DIR DIR *files = d->d_name[0] == '.' ? NULL : opendir(sub);
		struct dirent *f;

		while (files && (f = readdir(files))) {
			OWN_FREE char *path = xasprintf("%s/%s", sub, f->d_name);
			OWN_SIF_IMAGE struct sif_image img = {};
			struct err e = {};
			struct stat st;
			OWN_FD int fd = fd_open(path, O_RDONLY, &e);

			/* the small ones are single descriptors and signed byte strings */
			if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 4096)
				continue;
			if (sif_read(fd, path, &img, &e))
				fail_msg("%s", e.msg);
			n++;
		}
	}
	if (n < 50)
		fail_msg("only %u golden files were found", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writer_equals_reference),
		cmocka_unit_test(additions_equal_reference),
		cmocka_unit_test(peers_images_are_read),
		cmocka_unit_test(every_golden_file_is_read),
	};
	const char *shared = getenv("SIF_SHARED"), *top = getenv("top_srcdir");
	OWN_FREE char *base = shared ? xstrdup(shared) : xasprintf("%s/../shared", top ? top : ".");

	data_dir = xasprintf("%s/interop-data", base);
	golden_dir = xasprintf("%s/golden", data_dir);
	if (access(golden_dir, R_OK)) {
		printf("skipped: no interop data at '%s' (SIF_SHARED names the folder)\n", base);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
