/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines of the daemon and the tools: logfmt on standard error, one write
 * per line, with the journal's priority prefix when systemd reads it.
 * Only daemon/ and the tools' main files call this; libraries return errors.
 * Any thread.
 */
#ifndef WGMESH_BASE_LOG_H
#define WGMESH_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above @level are dropped; default LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
int log_level_parse(const char *text, enum log_level *ret_level);

/* @event: a short kebab-case word; then key=value pairs as a printf format. */
void log_line(enum log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum { LOG_TEXT_MAX = 512 };

/*
 * @text as the inside of a quoted value, for as long as the calling statement: others' words
 * must not be able to end the value and begin another key.
 */
#define log_text(text) log_text_into(text, (char[LOG_TEXT_MAX]){ 0 })
const char *log_text_into(const char *text, char out[LOG_TEXT_MAX]);

#define log_error(event, ...) log_line(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_line(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

#endif
