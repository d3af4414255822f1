// SPDX-License-Identifier: Apache-2.0
#include "status/json.h"

void json_text(struct buf *out, const char *text)
{
	buf_append_u8(out, '"');
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_append_u8(out, '\\');
		if (*c < 0x20 || *c > 0x7e)
			buf_printf(out, "\\u%04x", *c);
		else
			buf_append_u8(out, *c);
	}
	buf_append_u8(out, '"');
}

void json_field(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":", name);
	json_text(out, text);
	buf_append_u8(out, ',');
}
