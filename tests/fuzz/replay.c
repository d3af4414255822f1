// SPDX-License-Identifier: Apache-2.0
/*
 * replay ROUNDS FOLDER: a harness without libFuzzer.  Gives it each file of FOLDER, and then ROUNDS
 * mutations of them, the same ones for the same SEED.  An input that fails is kept in crash-NAME, in the
 * working folder, for the harness that libFuzzer drives.
 */
#include "fuzz.h"

#include <dirent.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <unistd.h>

enum { FILES_MAX = 256, INPUT_MAX = 64 * 1024, CHANGES_MAX = 6 };

struct input {
	uint8_t *data;
	size_t size;
};

static struct input files[FILES_MAX];
static size_t file_count;
static uint64_t random_state;
static struct input current;	/* what runs, for on_death() */
static const char *name;	/* of the folder, without those above it */

/* xorshift64* */
static uint64_t draw(uint64_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 2685821657736338717ull >> 32) % below;
}

static void on_death(void)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "crash-%s", name);
	file = fopen(path, "we");
	if (file) {
		fwrite(current.data, 1, current.size, file);
		fclose(file);
	}
	fprintf(stderr, "replay: the input of %zu bytes is kept in %s\n", current.size, path);
}

static void on_abort(int signal_number)
{
	on_death();
	_exit(1);
}

static void run(struct input in)
{
	current = (struct input){ fuzz_copy(in.data, in.size), in.size };
	LLVMFuzzerTestOneInput(current.data, current.size);
	free(current.data);
}

static struct input read_file(const char *folder, const char *file_name)
{
	struct input in = { .data = malloc(INPUT_MAX) };
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, file_name);
	file = fopen(path, "re");
	must(file && in.data);
	in.size = fread(in.data, 1, INPUT_MAX, file);
	must(!ferror(file));
	fclose(file);
	return in;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void read_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, visible, alphasort);

	must(count > 0 && count <= FILES_MAX);
	for (int i = 0; i < count; i++) {
		files[file_count++] = read_file(folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void overwrite(struct input *in, size_t at)
{
	static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff, ' ', '\n', '-', '.', ':', '/', '0' };

	switch (draw(3)) {
	case 0:
		in->data[at] ^= (uint8_t)(1 << draw(8));
		break;
	case 1:
		in->data[at] = edges[draw(sizeof(edges))];
		break;
	default:
		in->data[at] = (uint8_t)draw(256);
	}
}

static void remove_some(struct input *in, size_t at)
{
	size_t len = 1 + draw(in->size - at < 16 ? in->size - at : 16);

	memmove(in->data + at, in->data + at + len, in->size - at - len);
	in->size -= len;
}

/* Some of any file, put in between. */
static void insert_some(struct input *in, size_t at)
{
	const struct input *from = &files[draw(file_count)];
	size_t start = draw(from->size + 1), left = from->size - start, len;

	len = draw((left < 64 ? left : 64) + 1);
	if (in->size + len > INPUT_MAX)
		return;
	memmove(in->data + at + len, in->data + at, in->size - at);
	memcpy(in->data + at, from->data + start, len);
	in->size += len;
}

static void mutate(struct input *in)
{
	for (uint64_t changes = 1 + draw(CHANGES_MAX); changes > 0; changes--) {
		uint64_t what = draw(8);

		if (what < 5 && in->size)
			overwrite(in, draw(in->size));
		else if (what == 5 && in->size)
			remove_some(in, draw(in->size));
		else if (what == 6 && in->size)
			in->size = draw(in->size);
		else
			insert_some(in, draw(in->size + 1));
	}
}

static void run_mutations(unsigned long rounds)
{
	struct input in = { .data = malloc(INPUT_MAX) };

	must(in.data);
	for (; rounds > 0; rounds--) {
		const struct input *from = &files[draw(file_count)];

		memcpy(in.data, from->data, from->size);
		in.size = from->size;
		mutate(&in);
		run(in);
	}
	free(in.data);
}

int main(int argc, char **argv)
{
	const char *seed = getenv("SEED");

	must(argc == 3);
	name = strrchr(argv[2], '/') ? strrchr(argv[2], '/') + 1 : argv[2];
	random_state = (seed ? strtoull(seed, NULL, 10) : 0) * 2 + 1;
	printf("%s: SEED=%s ROUNDS=%s\n", name, seed ? seed : "0", argv[1]);
	fflush(stdout);
	__sanitizer_set_death_callback(on_death);
	signal(SIGABRT, on_abort);
	read_folder(argv[2]);
	for (size_t i = 0; i < file_count; i++)
		run(files[i]);
	run_mutations(strtoul(argv[1], NULL, 10));
	for (size_t i = 0; i < file_count; i++)
		free(files[i].data);
	return 0;
}
