// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <inttypes.h>
#include <math.h>

static const char *const kinds[] = { "counter", "gauge", "histogram" };

static void append_byte(struct buf *out, char c)
{
	buf_append(out, &c, 1);
}

/* In HELP a quote stands for itself. */
static void append_escaped(struct buf *out, const char *text, bool quoted)
{
	for (; *text; text++) {
		if (*text == '\n') {
			buf_append_text(out, "\\n");
			continue;
		}
		if (*text == '\\' || (quoted && *text == '"'))
			append_byte(out, '\\');
		append_byte(out, *text);
	}
}

void exposition_family(struct buf *out, const char *name, enum exposition_kind kind,
		       const char *help)
{
	buf_printf(out, "# HELP %s ", name);
	append_escaped(out, help, false);
	buf_printf(out, "\n# TYPE %s %s\n", name, kinds[kind]);
}

static void append_name(struct buf *out, const char *name, const struct exposition_label *labels,
			size_t count)
{
	buf_append_text(out, name);
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%c%s=\"", i ? ',' : '{', labels[i].name);
		append_escaped(out, labels[i].value, true);
		append_byte(out, '"');
	}
	buf_append_text(out, count ? "} " : " ");
}

void exposition_integer(struct buf *out, const char *name, const struct exposition_label *labels,
			size_t count, uint64_t value)
{
	append_name(out, name, labels, count);
	buf_printf(out, "%" PRIu64 "\n", value);
}

/* Go's ParseFloat reads it, which knows other words than printf for what is no number. */
void exposition_real(struct buf *out, const char *name, const struct exposition_label *labels,
		     size_t count, double value)
{
	append_name(out, name, labels, count);
	if (isnan(value))
		buf_append_text(out, "NaN\n");
	else if (isinf(value))
		buf_append_text(out, value > 0 ? "+Inf\n" : "-Inf\n");
	else
		buf_printf(out, "%.15g\n", value);
}

void exposition_counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
	exposition_family(out, name, EXPOSITION_COUNTER, help);
	exposition_integer(out, name, NULL, 0, value);
}

void exposition_gauge(struct buf *out, const char *name, const char *help, double value)
{
	exposition_family(out, name, EXPOSITION_GAUGE, help);
	exposition_real(out, name, NULL, 0, value);
}
