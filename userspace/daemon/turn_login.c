// SPDX-License-Identifier: Apache-2.0
#include "daemon/turn_login.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "crypto/sha1.h"

int turn_login_make(const char *secret, int64_t expires_at, const char *name,
		    struct turn_server *ret, struct error *err)
{
	char user[TURN_USER_MAX], password[SHA1_TEXT_MAX];
	int n = snprintf(user, sizeof(user), "%" PRId64 ":%s", expires_at, name);
	int r;

	if (n < 0 || (size_t)n >= sizeof(user))
		return error_set(err, ERR_INVALID, "TURN: the user's name is too long");
	r = hmac_sha1_base64(secret, user, password, err);
	if (r < 0)
		return r;
	snprintf(ret->user, sizeof(ret->user), "%s", user);
	snprintf(ret->password, sizeof(ret->password), "%s", password);
	wipe(password, sizeof(password));
	return 0;
}
