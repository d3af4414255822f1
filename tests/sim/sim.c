// SPDX-License-Identifier: Apache-2.0
/*
 * The Raft core among simulated servers, disks and networks.
 *
 *	sim --seeds FROM-TO [--steps N] [--stop] [--seconds N]
 *						random schedules: to the first failure with --stop, and
 *						no new one begins after so many seconds
 *	sim --verbose SEED [--steps N]		one of them, with all that happens
 *	sim --schedule FILE …			named schedules against their expected traces
 *	sim --print FILE			one of those with the trace as it is
 *
 * Ends with "N passed, N failed"; exit code 1 when something failed, 2 for wrong usage.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chaos.h"
#include "script.h"

typedef unsigned long long ull;

enum { STEPS = 3000 };

struct range {
	uint64_t from, to;	/* seeds */
	unsigned int steps;
	bool stop;		/* at the first failure */
	time_t until;		/* of CLOCK_MONOTONIC; 0: no limit */
};

struct tally {
	unsigned int passed, failed;
	ull acknowledged, reads, messages, elections, refused;
};

static void run_seed(uint64_t seed, unsigned int steps, FILE *out, struct tally *t)
{
	struct chaos_result result;

	chaos_run(seed, steps, out, &result);
	t->acknowledged += result.acknowledged;
	t->reads += result.reads;
	t->messages += result.messages;
	t->elections += result.elections;
	t->refused += result.refused;
	if (!result.violation[0]) {
		t->passed++;
		return;
	}
	t->failed++;
	printf("seed %llu: %s\n  replay: sim --steps %u --verbose %llu\n", (ull)seed,
	       result.violation, steps, (ull)seed);
}

static time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int run_seeds(const struct range *range, FILE *out)
{
	struct tally t = { 0 };

	for (uint64_t seed = range->from; seed <= range->to; seed++) {
		if ((range->stop && t.failed) || (range->until && seconds_now() >= range->until))
			break;
		run_seed(seed, range->steps, out, &t);
	}
	printf("%llu elections, %llu messages, %llu writes acknowledged, %llu of them without the address, "
	       "%llu reads answered\n", t.elections, t.messages, t.acknowledged, t.refused, t.reads);
	printf("%u passed, %u failed\n", t.passed, t.failed);
	return t.failed ? 1 : 0;
}

static int run_schedules(char *const files[], int count)
{
	unsigned int passed = 0;

	for (int i = 0; i < count; i++)
		passed += script_check(files[i]);
	printf("%u passed, %u failed\n", passed, count - passed);
	return passed == (unsigned int)count ? 0 : 1;
}

static int usage(void)
{
	fputs("usage: sim --seeds FROM-TO [--steps N] [--stop] [--seconds N] | --verbose SEED [--steps N] | "
	      "--schedule FILE … | --print FILE\n", stderr);
	return 2;
}

static bool parse_range(const char *text, uint64_t *from, uint64_t *to)
{
	ull a, b;
	char end;

	if (sscanf(text, "%llu-%llu%c", &a, &b, &end) != 2 || a > b)
		return false;
	*from = a;
	*to = b;
	return true;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "seeds", required_argument, NULL, 's' },
		{ "steps", required_argument, NULL, 'n' },
		{ "stop", no_argument, NULL, 't' },
		{ "seconds", required_argument, NULL, 'l' },
		{ "verbose", required_argument, NULL, 'v' },
		{ "schedule", no_argument, NULL, 'f' },
		{ "print", required_argument, NULL, 'p' },
		{ 0 },
	};
	struct range range = { .steps = STEPS };
	bool seeds = false, schedules = false;
	FILE *out = NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (opt) {
		case 's':
			seeds = parse_range(optarg, &range.from, &range.to);
			break;
		case 'n':
			range.steps = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 't':
			range.stop = true;
			break;
		case 'l':
			range.until = seconds_now() + (time_t)strtoul(optarg, NULL, 10);
			break;
		case 'v':
			range.from = range.to = strtoull(optarg, NULL, 10);
			out = stdout;
			seeds = true;
			break;
		case 'f':
			schedules = true;
			break;
		case 'p':
			return script_print(optarg);
		default:
			return usage();
		}
	}
	if (schedules)
		return run_schedules(argv + optind, argc - optind);
	return seeds ? run_seeds(&range, out) : usage();
}
