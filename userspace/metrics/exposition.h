/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus' text format, version 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats).  Appends to a buf, whose `failed` is
 * looked at once, at the end.  Any thread.
 */
#ifndef WGMESH_METRICS_EXPOSITION_H
#define WGMESH_METRICS_EXPOSITION_H

#include <stdint.h>

#include "base/buf.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum exposition_kind { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };

struct exposition_label {
	const char *name;	/* [a-zA-Z_][a-zA-Z0-9_]* */
	const char *value;	/* any text of UTF-8 */
};

/* The two lines at the head of a family; its samples come directly behind, each once. */
void exposition_family(struct buf *out, const char *name, enum exposition_kind kind,
		       const char *help);

/* One sample; @labels, @count of them. */
void exposition_integer(struct buf *out, const char *name, const struct exposition_label *labels,
			size_t count, uint64_t value);
void exposition_real(struct buf *out, const char *name, const struct exposition_label *labels,
		     size_t count, double value);

/* A family of one sample without labels. */
void exposition_counter(struct buf *out, const char *name, const char *help, uint64_t value);
void exposition_gauge(struct buf *out, const char *name, const char *help, double value);

#endif
