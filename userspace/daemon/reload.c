// SPDX-License-Identifier: Apache-2.0
#include "daemon/reload.h"

#include <string.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/renewal.h"
#include "daemon/settings_sources.h"

void reload_log_level(const struct daemon *d)
{
	enum log_level level;

	if (log_level_parse(d->settings.log_level, &level) == 0)
		log_set_level(level);
}

static int read_again(struct daemon *d, struct settings *ret, struct error *err)
{
	int rest, r;

	settings_init(ret);
	r = settings_parse(ret, d->argc, d->argv, &rest, err);
	return r < 0 ? r : settings_load(ret, d->local, err);
}

/* Returns whether the row differs; then the log has old and new value. */
static bool tell_change(const struct settings *was, const struct settings *now, int row)
{
	const struct setting *t = &settings_table[row];
	struct buf old = BUF_INIT(SETTINGS_VALUE_MAX), new = BUF_INIT(SETTINGS_VALUE_MAX);
	char origin[SETTINGS_ORIGIN_TEXT_MAX];
	bool differs;

	settings_format(was, row, &old);
	settings_format(now, row, &new);
	differs = strcmp(buf_text(&old), buf_text(&new)) != 0;
	if (differs)
		log_line(t->live ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
			 t->live ? "setting-changed" : "setting-needs-restart",
			 "name=%s from=\"%s\" to=\"%s\" by=\"%s\"", t->name,
			 log_text(buf_text(&old)),
			 log_text(buf_text(&new)), log_text(settings_origin(now, row, origin)));
	buf_fini(&old);
	buf_fini(&new);
	return differs;
}

/* What is live first: the log tells of it at the level that holds from now on. */
static void take_over(struct daemon *d, const struct settings *now)
{
	const struct settings was = d->settings;
	unsigned int changed = 0, waiting = 0;

	for (int i = 0; i < SETTINGS_COUNT; i++)
		if (settings_table[i].live)
			settings_copy(&d->settings, now, i);
	reload_log_level(d);
	for (int i = 0; i < SETTINGS_COUNT; i++) {
		if (!tell_change(&was, now, i))
			continue;
		if (settings_table[i].live)
			changed++;
		else
			waiting++;
	}
	log_info("reloaded", "changed=%u need-restart=%u", changed, waiting);
}

void reload_settings(struct daemon *d)
{
	struct settings now;
	struct error err = { 0 };

	service_reloading(&d->service);
	if (read_again(d, &now, &err) < 0)
		log_error("reload-failed", "reason=\"%s\"", log_text(err.text));
	else
		take_over(d, &now);
	renewal_reread(d);
	service_reloaded(&d->service);
}
