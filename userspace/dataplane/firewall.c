// SPDX-License-Identifier: Apache-2.0
#include "dataplane/firewall.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/program.h"

static bool can_be_said(const char *ifname)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return ifname[strspn(ifname, letters)] == 0;
}

static void put_admitted(struct buf *out, const char *ifname, const struct prefix *p)
{
	const char *family = p->ip.family == AF_INET ? "ip" : "ip6";
	char text[PREFIX_TEXT_MAX];

	if (p->len)
		buf_printf(out, "  iifname \"%s\" %s daddr %s accept\n", ifname, family,
			   prefix_format(p, text));
	else
		buf_printf(out, "  iifname \"%s\" meta nfproto %s accept\n", ifname,
			   p->ip.family == AF_INET ? "ipv4" : "ipv6");
}

/* Accepted is only what is dropped at the end else: other tables have their own say. */
static void put_forward(struct buf *out, const char *ifname, const struct dataplane_forwarding *f)
{
	static const char clamp[] = "tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu";

	buf_printf(out, " chain forward {\n  type filter hook forward priority filter; policy accept;\n");
	buf_printf(out, "  oifname \"%s\" %s\n  iifname \"%s\" %s\n", ifname, clamp, ifname, clamp);
	buf_printf(out, "  iifname \"%s\" oifname \"%s\" accept\n", ifname, ifname);
	buf_printf(out, "  iifname \"%s\" ct state established,related accept\n", ifname);
	for (size_t i = 0; i < f->count; i++)
		put_admitted(out, ifname, &f->routes[i]);
	buf_printf(out, "  iifname \"%s\" drop\n }\n", ifname);
}

static void put_masquerade(struct buf *out, const char *ifname,
			   const struct dataplane_forwarding *f)
{
	buf_printf(out, " chain postrouting {\n  type nat hook postrouting priority srcnat; policy accept;\n");
	if (f->masquerade_ipv4)
		buf_printf(out, "  iifname \"%s\" oifname != \"%s\" meta nfproto ipv4 masquerade\n",
			   ifname, ifname);
	if (f->masquerade_ipv6)
		buf_printf(out, "  iifname \"%s\" oifname != \"%s\" meta nfproto ipv6 masquerade\n",
			   ifname, ifname);
	buf_printf(out, " }\n");
}

int firewall_text(const char *ifname, const struct dataplane_forwarding *forwarding,
		  struct buf *out, struct error *err)
{
	if (!can_be_said(ifname))
		return error_set(err, ERR_UNSUPPORTED, "device %s: a device that carries routes can "
				 "only have letters, digits and _.- in its name", ifname);
	/* What is added first can be deleted, whether it was there or not. */
	buf_printf(out, "add table inet wgmesh-%s\ndelete table inet wgmesh-%s\n", ifname, ifname);
	if (forwarding) {
		buf_printf(out, "table inet wgmesh-%s {\n", ifname);
		put_forward(out, ifname, forwarding);
		if (forwarding->masquerade_ipv4 || forwarding->masquerade_ipv6)
			put_masquerade(out, ifname, forwarding);
		buf_printf(out, "}\n");
	}
	return out->failed ? error_set(err, ERR_MEMORY, "no memory for the table wgmesh-%s", ifname)
			   : 0;
}

/* A kernel that has netlink for netfilter and no nf_tables is known by its words alone. */
static int refusal(const char *ifname, const char *said, struct error *err)
{
	enum error_kind kind = strstr(said, "not supported") ? ERR_UNSUPPORTED : ERR_IO;

	return error_set(err, kind, "nftables refuses the table inet wgmesh-%s: %.*s", ifname,
			 (int)strcspn(said, "\n"), said);
}

/* A file and no pipe: it holds all of the text before anybody reads. */
static int text_file(const struct buf *text, struct error *err)
{
	int fd = memfd_create("wgmesh-nftables", MFD_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "no memory for nftables");
	if (write(fd, text->data, text->len) != (ssize_t)text->len || lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return error_errno(err, errno, "no memory for nftables");
	}
	return fd;
}

static int run(const char *ifname, int input, struct error *err)
{
	char *const argv[] = { "nft", "-f", "-", NULL };
	const struct program nft = {
		.path = "/usr/sbin/nft", .argv = argv, .input = input, .timeout_ms = FIREWALL_MS_MAX,
	};
	char said[PROGRAM_SAID_MAX];
	int status, r = program_run(&nft, &status, said, err);

	if (r == -ERR_UNSUPPORTED)
		return error_set(err, ERR_UNSUPPORTED, "%s is missing: install the package nftables",
				 nft.path);
	if (!r && (!WIFEXITED(status) || WEXITSTATUS(status)))
		r = refusal(ifname, said, err);
	return r;
}

int firewall_set(const char *ifname, const struct dataplane_forwarding *forwarding,
		 struct error *err)
{
	struct buf text = BUF_INIT(FIREWALL_TEXT_MAX);
	int r = firewall_text(ifname, forwarding, &text, err), input;

	input = r ? r : text_file(&text, err);
	buf_fini(&text);
	if (input < 0)
		return input;
	r = run(ifname, input, err);
	close(input);
	return r;
}
