#include "image/pack/wrap.h"

#include "base/fd.h"
#include "base/le.h"
#include "base/mem.h"
#include "image/squash/squash.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#define SUPER_LEN 96
#define STEP (1u << 20)
#define ALIGN 4096

bool wrap_is_squashfs(const void *data, size_t len)
{
	return len >= 4 && (memcmp(data, "hsqs", 4) == 0 || memcmp(data, "sqsh", 4) == 0);
}

/* Bytes of the file, the rest of its last 4096 as zeros. */
static int copy_bytes(int fd, const char *name, int out_fd, uint64_t offset, uint64_t size, struct trail *trail,
		      EVP_MD_CTX *digest, struct err *e)
{
	OWN_FREE uint8_t *buf = xmalloc(STEP);
	uint64_t padded = (size + ALIGN - 1) / ALIGN * ALIGN;

	for (uint64_t at = 0; at < padded; at += STEP) {
		size_t n = padded - at < STEP ? (size_t)(padded - at) : STEP;
		size_t have = at >= size ? 0 : size - at < n ? (size_t)(size - at) : n;

		memset(buf + have, 0, n - have);
		if (fd_pread_full(fd, buf, have, at, name, e) || fd_pwrite_full(out_fd, buf, n, offset + at, "the new image", e))
			return -1;
		trail_grow(trail, at + n);
		EVP_DigestUpdate(digest, buf, n);
	}
	return 0;
}

int wrap_copy(int fd, const char *name, int out_fd, uint64_t offset, struct trail *trail, struct wrap_result *ret,
	      struct err *e)
{
	EVP_MD_CTX *digest = NULL;
	uint8_t head[SUPER_LEN];
	struct squash_super super;
	struct stat st;
	int rc;

	if (fstat(fd, &st))
		return err_sys(e, errno, "cannot look at '%s'", name);
	if (fd_pread_full(fd, head, sizeof(head), 0, name, e) || squash_super_parse(head, sizeof(head), &super, e))
		return err_ctx(e, "'%s'", name);
	if (super.bytes_used > (uint64_t)st.st_size) {
		err_set(e, ERR_FORMAT, "'%s' is cut short: it has %lld of %llu bytes", name, (long long)st.st_size,
			(unsigned long long)super.bytes_used);
		return err_hint(e, "fetch or make the file again");
	}
	digest = EVP_MD_CTX_new();
	if (!digest || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL)) {
		EVP_MD_CTX_free(digest);
		return err_sys(e, ENOMEM, "cannot compute a digest");
	}
	rc = copy_bytes(fd, name, out_fd, offset, super.bytes_used, trail, digest, e);
	EVP_DigestFinal_ex(digest, ret->digest, NULL);
	EVP_MD_CTX_free(digest);
	ret->size = (super.bytes_used + ALIGN - 1) / ALIGN * ALIGN;
	ret->time = super.mtime;
	ret->inodes = super.inodes;
	return rc;
}
