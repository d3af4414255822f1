// SPDX-License-Identifier: Apache-2.0
#include "store/state_internal.h"
#include "store/state_query.h"

/*
 * Numbers are stored as SQLite's signed integers.  The order within a range is the same either way:
 * IPv4 is below 2^32, and all of fc00::/7 has the top bit set.
 */
static int bind_and_step(struct state_store *s, enum query_statement which, enum ipam_pool pool,
			 uint64_t number, struct error *err)
{
	sqlite3_bind_int64(s->queries[which], 1, pool);
	sqlite3_bind_int64(s->queries[which], 2, (int64_t)number);
	return db_step(&s->db, s->queries[which], err);
}

/* 1: leased; 0: free. */
static int is_leased(struct state_store *s, enum ipam_pool pool, uint64_t number, struct error *err)
{
	int r = bind_and_step(s, QUERY_LEASED, pool, number, err);

	db_done(s->queries[QUERY_LEASED]);
	return r;
}

/* @number is leased: the first behind it that is not. */
static int gap_behind(struct state_store *s, enum ipam_pool pool, uint64_t number, uint64_t *ret,
		      struct error *err)
{
	int r = bind_and_step(s, QUERY_GAP, pool, number, err);

	if (r < 0)
		return r;
	if (r == 0)
		return error_set(err, ERR_CORRUPT, "%s: the index of free addresses is broken",
				 s->db.path);
	*ret = (uint64_t)sqlite3_column_int64(s->queries[QUERY_GAP], 0) + 1;
	db_done(s->queries[QUERY_GAP]);
	return 0;
}

/* 1: found, in @from to @last; 0: all taken. */
static int search(struct state_store *s, enum ipam_pool pool, uint64_t from, uint64_t last,
		  const struct ipam_reservations *reserved, uint64_t *ret, struct error *err)
{
	uint64_t at = from;
	int r;

	while (at <= last) {
		if (ipam_reserved(reserved, pool, at)) {
			at++;
			continue;
		}
		r = is_leased(s, pool, at, err);
		if (r < 0)
			return r;
		if (r == 0) {
			*ret = at;
			return 1;
		}
		r = gap_behind(s, pool, at, &at, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int state_find_free(struct state_store *s, enum ipam_pool pool, const struct ipam_range *range,
		    uint64_t start, const struct ipam_reservations *reserved, uint64_t *ret,
		    struct error *err)
{
	int r = search(s, pool, start, range->last, reserved, ret, err);

	if (r == 0 && start > range->first)
		r = search(s, pool, range->first, start - 1, reserved, ret, err);
	if (r == 0)
		return error_set(err, ERR_EXHAUSTED, "all addresses are leased");
	return r < 0 ? r : 0;
}

static int exhausted(int r, const struct prefix *p, const char *remedy, struct error *err)
{
	char text[PREFIX_TEXT_MAX];

	if (r != -ERR_EXHAUSTED)
		return r;
	return error_set(err, ERR_EXHAUSTED, "all addresses of the mesh's prefix %s are leased; %s",
			 prefix_format(p, text), remedy);
}

int state_next_ipv4(struct state_store *s, const struct ipam_reservations *reserved,
		    struct prefix *ret, struct error *err)
{
	struct ipam_range range;
	struct mesh mesh;
	uint64_t number;
	int r = state_get_mesh(s, &mesh, err);

	if (r < 0)
		return r;
	range = ipam_ipv4_range(&mesh.ipv4);
	r = state_find_free(s, IPAM_IPV4, &range, range.first, reserved, &number, err);
	if (r < 0)
		return exhausted(r, &mesh.ipv4, "remove nodes, or join without IPv4", err);
	*ret = ipam_ipv4_address(&mesh.ipv4, number);
	return 0;
}

int state_next_ipv6(struct state_store *s, const struct ipam_reservations *reserved,
		    const uint8_t random[8], struct prefix *ret, struct error *err)
{
	struct ipam_range range;
	struct mesh mesh;
	uint64_t number;
	int r = state_get_mesh(s, &mesh, err);

	if (r < 0)
		return r;
	range = ipam_ipv6_range(&mesh.ula);
	r = state_find_free(s, IPAM_IPV6, &range, ipam_pick(&range, random), reserved, &number,
			    err);
	if (r < 0)
		return exhausted(r, &mesh.ula, "remove nodes", err);
	*ret = ipam_ipv6_network(number);
	return 0;
}
