// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <err.h>
#include <stdlib.h>

size_t history_invoke(struct history *h, bool write, uint64_t value)
{
	if (h->count == h->capacity) {
		h->capacity = h->capacity ? h->capacity * 2 : 256;
		h->operations = realloc(h->operations, h->capacity * sizeof(h->operations[0]));
		if (!h->operations)
			err(2, "history");
	}
	h->operations[h->count] = (struct operation){
		.write = write, .value = value, .invoked = ++h->clock, .returned = UINT64_MAX,
	};
	return h->count++;
}

void history_return(struct history *h, size_t operation, uint64_t value)
{
	struct operation *o = &h->operations[operation];

	if (o->returned != UINT64_MAX)
		return;
	o->value = value;
	o->returned = ++h->clock;
}

void history_fini(struct history *h)
{
	free(h->operations);
	*h = (struct history){ 0 };
}

/*
 * All operations of one value.  The value is in the register from before @first
 * until after @last; when @first is the earlier one it is so all the time between them (a
 * forward zone), else at some moment between @last and @first.
 */
struct zone {
	uint64_t value;
	uint64_t first;		/* the earliest answer */
	uint64_t last;		/* the latest question */
};

static bool is_forward(const struct zone *z)
{
	return z->first < z->last;
}

static int by_value(const void *a, const void *b)
{
	const struct operation *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return y->write - x->write;	/* the write before its reads */
}

static int by_first(const void *a, const void *b)
{
	const struct zone *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Reads that were never answered say nothing. */
static size_t known_operations(const struct history *h, struct operation *ret)
{
	size_t n = 0;

	ret[n++] = (struct operation){ .write = true };
	for (size_t i = 0; i < h->count; i++)
		if (h->operations[i].write || h->operations[i].returned != UINT64_MAX)
			ret[n++] = h->operations[i];
	qsort(ret, n, sizeof(ret[0]), by_value);
	return n;
}

/* The zone of the value of ops[0]; *@ret_used: how many of @ops it takes.  False: thin air. */
static bool make_zone(const struct operation *ops, size_t n, struct zone *ret, size_t *ret_used)
{
	size_t used = 0;

	*ret = (struct zone){ ops[0].value, UINT64_MAX, 0 };
	for (; used < n && ops[used].value == ops[0].value; used++) {
		if (ops[used].returned < ops[0].invoked)
			return false;
		if (ops[used].returned < ret->first)
			ret->first = ops[used].returned;
		if (ops[used].invoked > ret->last)
			ret->last = ops[used].invoked;
	}
	*ret_used = used;
	return ops[0].write;
}

/* A write without any answer, its own or a read's, may lie anywhere later: no zone. */
static bool make_zones(const struct operation *ops, size_t n, struct zone *zones, size_t *ret_count,
		       uint64_t *ret_value)
{
	size_t count = 0, used;

	for (size_t i = 0; i < n; i += used) {
		if (!make_zone(ops + i, n - i, &zones[count], &used)) {
			*ret_value = ops[i].value;
			return false;
		}
		count += zones[count].first != UINT64_MAX;
	}
	*ret_count = count;
	return true;
}

/* @zones sorted by first, the first @forward of them forward ones, which must not overlap. */
static bool fits(const struct zone *zones, size_t forward, const struct zone *backward)
{
	for (size_t i = 0; i < forward && zones[i].first < backward->last; i++)
		if (zones[i].last > backward->first)
			return false;
	return true;
}

static size_t partition(struct zone *zones, size_t count)
{
	size_t forward = 0;

	for (size_t i = 0; i < count; i++) {
		struct zone z = zones[i];

		if (!is_forward(&z))
			continue;
		zones[i] = zones[forward];
		zones[forward++] = z;
	}
	qsort(zones, forward, sizeof(zones[0]), by_first);
	return forward;
}

static bool check_zones(struct zone *zones, size_t count, uint64_t *ret_value)
{
	size_t forward = partition(zones, count);

	for (size_t i = 1; i < count; i++) {
		bool ok = i < forward ? zones[i - 1].last < zones[i].first :
					fits(zones, forward, &zones[i]);

		if (!ok) {
			*ret_value = zones[i].value;
			return false;
		}
	}
	return true;
}

bool history_is_linearizable(const struct history *h, uint64_t *ret_value)
{
	struct operation *ops = calloc(h->count + 1, sizeof(*ops));
	struct zone *zones = calloc(h->count + 1, sizeof(*zones));
	size_t count;
	bool ok;

	if (!ops || !zones)
		err(2, "history");
	ok = make_zones(ops, known_operations(h, ops), zones, &count, ret_value) &&
	     check_zones(zones, count, ret_value);
	free(ops);
	free(zones);
	return ok;
}
