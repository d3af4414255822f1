#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Does the simulator see what it is for?  Break one rule of the core, or of what the simulator has around it, at
# a time, in a copy, and expect a named schedule or a random one to fail.
#
#	mutants.sh SOURCE_ROOT [NAME|all]
#
# Without a name each mutant is done with when something has seen it; with one, or all, both kinds
# of schedules are tried.
#
# Each mutant is a sed script that must change exactly one line of one file; if it does not, the
# code has moved on and the mutant has to follow.

set -euo pipefail

root=$1
only=${2:-}
seeds=1-3000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

compile() { # OBJECT_FOLDER SOURCE…
	local objects=$1 source
	shift
	mkdir -p "$objects"
	for source; do
		"${CC:-cc}" -std=gnu11 -O1 -w -D_GNU_SOURCE -I"$work" -I"$root/userspace" -I"$root/tests/sim" -c "$source" \
			-o "$objects/$(basename "$source" .c).o"
	done
}

catch() { # the named schedule that sees it, and the random one
	local schedule

	for schedule in "$root"/tests/sim/schedules/*.txt; do
		if ! timeout 20 "$work/sim" --schedule "$schedule" >"$work/out" 2>&1; then
			echo "schedule $(basename "$schedule" .txt)"
			[ -n "$only" ] || return 0
			break
		fi
	done
	if ! timeout 200 "$work/sim" --stop --seeds "$seeds" >"$work/out" 2>&1; then
		awk -F: '/^seed/ { print $1 " (" substr($2, 2) ")"; found = 1; exit }
			END { if (!found) print "a crash" }' "$work/out"
	fi
}

report() { # NAME OK TEXT
	if [ "$2" = yes ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
	printf '%-24s %s\n' "$1" "$3"
}

mutant() { # NAME FILE SED_SCRIPT
	local name=$1 file=$2 script=$3 caught source=$root/userspace/raft/$2

	[ -e "$source" ] || source=$root/tests/sim/$file

	if [ -n "$only" ] && [ "$only" != all ] && [ "$only" != "$name" ]; then
		return
	fi
	sed -e "$script" "$source" >"$work/raft/$file"
	if [ "$(diff "$source" "$work/raft/$file" | grep -c '^<')" != 1 ]; then
		report "$name" no "out of date: does not change exactly one line of $file"
	else
		compile "$work/objects" "$work/raft/$file"
		"${CC:-cc}" "$work"/objects/*.o -o "$work/sim"
		caught=$(catch | paste -sd, | sed 's/,/, /g')
		if [ -n "$caught" ]; then
			report "$name" yes "caught by $caught"
		else
			report "$name" no "NOT CAUGHT"
		fi
	fi
	cp "$source" "$work/raft/$file"
	compile "$work/objects" "$work/raft/$file"
}

cp -r "$root/userspace/raft" "$work/raft"
compile "$work/objects" "$root"/tests/sim/*.c "$work"/raft/*.c "$root"/userspace/base/{buf,error}.c

# Thesis 3.6.2: commit by counting only entries of the own term.
mutant current-term replication.c 's/ && raft_term_at(r, index) == r->term//'
# 3.8: a vote is stored before it is given, and a candidacy before it is told.
mutant vote-before-store election.c '/^static void answer_vote/,/^}/s/raft_send_stored/raft_send/'
mutant candidacy-before-store election.c '/^static void ask_for_votes/,/^}/s/raft_send_stored/raft_send/'
# 3.4: one vote per term.
mutant vote-twice election.c 's/bool unspent = r->vote == 0 && /bool unspent = /'
# 3.6.1: only for logs that are up to date.
mutant vote-for-any-log election.c 's/return m->log_term > r->log.last_term;/return true;/'
# 3.8: entries are stored before they are acknowledged.
mutant ack-before-store follower.c '/^static void accept/,/^}/s/raft_send_stored/raft_send/'
# 10.2.1: the leader's own log counts once it is stored.
mutant own-log-before-store leader.c 's/? r->log.stored : p/? r->log.last : p/'
# 3.5: entries are taken only behind one that agrees.
mutant no-consistency-check follower.c 's/if (!agrees(r, m)) {/if (m->log_index > r->log.last) {/'
# 3.5: a conflicting suffix is dropped.
mutant no-conflict-check follower.c 's/if (raft_term_at(r, entry->index) == entry->term)/if (true)/'
# The state machine is never ahead of the disk.
mutant apply-before-store actions.c 's/uint64_t to = r->commit < r->log.stored.*/uint64_t to = r->commit;/'
# A write that failed is not taken for done.
mutant failed-store-counts actions.c '/^int raft_store_failed/,/^}/s/s->failing = true/raft_log_set_stored(\&r->log, s->last)/'
# What may be on the disk and should not be is truncated.
mutant no-truncate actions.c 's/ret->truncate_from = .*/ret->truncate_from = 0;/'
# A leader that cannot write steps down.
mutant failing-leader-stays actions.c '/^int raft_store_failed/,/^}/s/if (r->role == RAFT_LEADER)/if (false)/'
# 4.1: one change at a time.
mutant two-changes membership.c '/^static int check_may_change/,/^}/s/if (r->current.index > r->commit)/if (false)/'
# raft-dev 2015: and not before an entry of the own term is committed.
mutant change-before-noop membership.c 's/if (raft_term_at(r, r->commit) != r->term)/if (false)/'
# 4.1: a configuration that is truncated is out of effect.
mutant no-rollback membership.c 's/^	r->current = r->previous;//'
# 4.2.2: who is being removed may have to campaign.
mutant removed-never-tries membership.c '/^bool raft_may_campaign/,/^}/s/return r->current.index > r->commit/return false/'
# 4.2.2: a leader that is no voter any more leaves.
mutant removed-leader-stays membership.c 's/if (r->role == RAFT_LEADER && !raft_is_voter(r))/if (false)/'
# 4.2.3: votes asked for beside a working leader are not heard.
mutant no-stickiness election.c 's/return r->leader && r->elapsed.*/return false;/'
# 9.6: no term is raised without a chance to win.
mutant no-pre-vote election.c '/^void raft_campaign/,/^}/s/if (transfer)/if (true)/'
# 6.2: a leader without followers steps down.
mutant no-quorum-check leader.c 's/if (heard <= raft_configuration_voters.*/if (false)/'
# 6.4: a read waits for a round of heartbeats, an entry of the leader's term, and the state.
mutant read-without-round read.c 's/w->round > round || //'
mutant read-before-noop read.c 's/ || raft_term_at(r, r->commit) != r->term//'
mutant read-before-applied read.c 's/ || w->index > r->applied//'
# 5.3: who has another entry than the last one dropped needs a snapshot, is told so, and says so.
mutant base-by-index-alone compaction.c 's/return index > r->log.last ||.*/return index > r->log.last;/'
mutant base-untold leader.c 's/\.log_index = r->log.first - 1,/.log_index = 0,/'
mutant behind-unsaid follower.c 's/behind ? 0 : r->log.last/r->log.last/'
# 5.1: what is compacted is not read again.
mutant read-what-is-gone replication.c 's/if (p->next < r->log.first)/if (false)/'
# 3.10: a transfer that does not succeed ends.
mutant transfer-for-ever transfer.c 's/if (r->transfer_to && ++r->transfer_elapsed.*/if (false)/'
# 3.5: what was lost is sent again.
mutant lost-is-lost replication.c 's/^	retry_lost(r, p);//'
# Around the core: a transaction that is torn is none, only what is committed is followed, and an address is given once.
mutant torn-is-taken server.c 's/if (d->torn_parts == all_parts(&d->torn))/if (true)/'
mutant uncommitted-followed observer.c 's/o->log.last < from->state->applied; i++/o->log.last < from->log->last; i++/'
mutant lease-unchecked machine.c 's/= m->holders\[address\] ? UINT64_MAX : address/= address/'
mutant snapshot-without-state server.c '/^void server_install/,/^}/s/machine_copy(&s->disk.state, &from->state);/s->disk.state.applied = from->state.applied;/'
mutant state-lags-unseen observer.c '/^void observer_start/,/^}/s/machine_copy(&o->state, &o->synced)/o->state.applied = o->synced.applied/'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
