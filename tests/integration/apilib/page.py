# SPDX-License-Identifier: Apache-2.0
"""A daemon's page for Prometheus."""
import contextlib
import http.client
import re

from testing import entered


def ask(node, path="/metrics", method="GET", headers=None, body=None, timeout=30):
    """(status, headers, body); of the node's page, in its namespace."""
    host, port = node.metrics_address.rsplit(":", 1)
    with entered(node.ns), contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=timeout)) as page:
        page.request(method, path, body=body, headers=headers or {})
        answer = page.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


def values(page):
    """{"name{labels}": value}"""
    return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:\{.*\})?) (\S+)$", page, re.M)}


def read(node):
    """Its values; {} while there is none."""
    status, _, page = ask(node)
    return values(page) if status == 200 else {}
