#include "cmd/lines.h"

#include "image/sif/format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void lines_add(struct lines *l, const char *key, const char *value)
{
	strv_add(&l->keys, key);
	strv_add(&l->values, value);
}

void lines_addf(struct lines *l, const char *key, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	lines_add(l, key, text);
}

void lines_print(struct lines *l, const char *indent, const char *mark, int gap, struct str *out)
{
	size_t width = 0;

	for (size_t i = 0; i < l->keys.n; i++)
		if (strlen(l->keys.v[i]) > width)
			width = strlen(l->keys.v[i]);
	for (size_t i = 0; i < l->keys.n; i++)
		str_addf(out, "%s%s%s%*s%s\n", indent, l->keys.v[i], mark, (int)(width - strlen(l->keys.v[i])) + gap, "",
			 l->values.v[i]);
	strv_free(&l->keys);
	strv_free(&l->values);
}

void lines_time(struct lines *l, const char *key, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[64];

	if (seconds == SIF_TIME_ZERO)
		return;
	if (gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S +0000 UTC", &tm))
		lines_add(l, key, text);
	else
		lines_addf(l, key, "%" PRId64, seconds);
}

void lines_size(struct lines *l, const char *key, int64_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double shown = (double)size;
	size_t u = 0;

	for (int64_t left = size; left >= 1024 && u + 1 < ARRAY_SIZE(units); left /= 1024) {
		shown /= 1024;
		u++;
	}
	lines_addf(l, key, "%.0f %s", shown, units[u]);
}

void lines_printable(struct lines *l, const char *key, const char *text)
{
	OWN_STR struct str safe = {};

	str_add_printable(&safe, text);
	lines_add(l, key, str_text(&safe));
}
