"""What is right: for each reader and fault the verdict, and words that the line told must have. Chosen by what an operator should
read, not by what the program does.

A reading is a value, or missing with a reason: a fault of the connection is `unreachable`, a whole answer that cannot be read, or half
of one, is `malformed`. Nothing is delivered, landed or accepted on a half answer. Words are regular expressions, since libraries change
theirs.
"""

import re

# Of a peak of memory, as a ratio to that of a reading of a healthy peer: room for one answer as long as the limit, and no more.
MOST_MEMORY = 1.6
# Seconds over the reader's time-out: for a machine that does other things, and for connections that are tried one after another.
MARGIN = 12.0

HALF = "the connection ended after \\d+ of \\d+ bytes"
LONG = "longer than the limit of \\d+ bytes"
NO_HTTP = "is not HTTP/1.1"
PROXY = "does a proxy"

# What is told of a fault wherever nothing else stands below.
WORDS = {
    "refuse": "connection refused", "hang-before-headers": "waiting for the answer", "hang-inside-headers": "inside the headers",
    "hang-after-headers": "inside the body", "drip": "inside the body", "truncate": HALF, "truncate-headers": HALF + "|inside the headers",
    "reset": HALF + "|reset by peer", "gigabyte": LONG, "gigabyte-chunked": LONG, "gzip-bomb": "compressed \\(gzip\\)",
    "gzip-unannounced": "compressed \\(gzip\\)", "redirects": "redirect", "http-0.9": NO_HTTP, "header-bomb": NO_HTTP,
    "header-line-bomb": NO_HTTP, "bad-chunks": NO_HTTP, "no-answer": "ended before an answer", "tls-expired": "certificate has expired",
    "tls-wrong-host": "target host name|subject name|IP address mismatch", "tls-unknown-authority": "self.signed certificate",
    "plain-on-tls-port": "speaks no TLS", "tls-on-plain-port": "want(s TLS| https)",
}

CUT = {"truncate", "truncate-headers", "reset", "html", "gigabyte", "gigabyte-chunked", "gzip-bomb", "gzip-unannounced"}
TEXTS = {
    "invalid-utf-8", "deep-nesting", "duplicate-keys", "out-of-range", "nan", "lone-surrogate", "empty", "control-characters",
}


def evidence(**exceptions):
    """Of readings with a missing reason."""
    table = {fault: ("malformed" if fault in CUT else "unreachable", WORDS.get(fault, "")) for fault in WORDS}
    table |= {fault: ("malformed", "") for fault in TEXTS}
    return table | {fault.replace("_", "-").replace("http-0-9", "http-0.9"): value for fault, value in exceptions.items()}


def verdict(word, **exceptions):
    """Of readers with one verdict for whatever is wrong."""
    table = {fault: (word, WORDS.get(fault, "")) for fault in [*WORDS, *TEXTS]}
    return table | {fault.replace("_", "-"): value for fault, value in exceptions.items()}


LEFT_OUT = ("value", "1 field that cannot be read, left out")
NOT_SLACK = ("not delivered", "not what the service documents; " + PROXY)
NOT_CORE = ("waits", "cannot be read: " + PROXY)
NOT_MODEL = ("failed", "is not one of vllm's")
DELIVERED = ("delivered", "")

TABLE = {
    # One field that cannot be trusted leaves the others; a document that is none leaves nothing.
    "polled endpoint": ("value", evidence(
        redirects=("error(302)", "a redirect"), html=("malformed", "not JSON"), invalid_utf_8=("malformed", "not UTF-8"),
        deep_nesting=("malformed", "nested too deep"), duplicate_keys=LEFT_OUT, out_of_range=LEFT_OUT, lone_surrogate=LEFT_OUT,
        nan=("malformed", "not JSON"), empty=("malformed", "an empty body"), control_characters=("malformed", "control character"))),
    # Down is what does not answer as it should. Of a key that stands twice the last value counts, as it does in browsers; what nobody
    # expects anything of may be half a surrogate.
    "service probe": ("up", verdict(
        "down", html=("down", "not JSON"), invalid_utf_8=("down", "not UTF-8"), deep_nesting=("down", "nested deeper"),
        duplicate_keys=("down", "checks.0.count is 987654, not 7"), out_of_range=("down", "too large for a double"),
        nan=("down", "not JSON"), lone_surrogate=("up", ""), empty=("down", "nothing but white space"),
        control_characters=("down", "control character"), redirects=("down", "redirects more than 5 times"))),
    # NaN is a value there, and none to judge by. A series that stands twice contradicts itself; one number that is none leaves the
    # other series. Prometheus takes any text that is UTF-8 for a label.
    "Prometheus page": ("7", evidence(
        redirects=("error", "a redirect"), html=("malformed", "no page of metrics but text/html"),
        invalid_utf_8=("malformed", "no UTF-8"), lone_surrogate=("malformed", "no UTF-8"), deep_nesting=("malformed", "line 3"),
        duplicate_keys=("contradictory", ""), nan=("no_traffic", ""), empty=("malformed", "without a metric"),
        control_characters=("7", ""))),
    # Nobody is found, for a reason; that is no runtime which is down.
    "found targets": ("found", verdict(
        "too_little_data", html=("too_little_data", "not JSON"), invalid_utf_8=("too_little_data", "not UTF-8"),
        deep_nesting=("too_little_data", "nested deeper|more than \\d+ keys"),
        duplicate_keys=("too_little_data", "stands twice"), out_of_range=("too_little_data", "not 'host:port'"),
        nan=("too_little_data", "not JSON"), lone_surrogate=("found", ""), empty=("too_little_data", "nothing but white space"),
        control_characters=("too_little_data", "control character"))),
    # A receiver's 200 is its yes, whatever it says with it; a web page is somebody else's, and half an answer is none.
    "webhook channel": ("delivered", verdict(
        "not delivered", html=("not delivered", "a web page: " + PROXY), gzip_bomb=("not delivered", LONG), gzip_unannounced=DELIVERED,
        **{fault.replace("-", "_"): DELIVERED for fault in TEXTS})),
    # Slack says in JSON whether it took a message.
    "Slack channel": ("delivered", verdict(
        "not delivered", html=("not delivered", "a web page: " + PROXY), gzip_bomb=NOT_SLACK, gzip_unannounced=NOT_SLACK,
        **({fault.replace("-", "_"): NOT_SLACK for fault in TEXTS} | {"duplicate_keys": DELIVERED}))),
    # What is read is written back whole: a document that could not be as it was is not read.
    "control plane": ("landed", verdict(
        "waits", html=NOT_CORE, gzip_bomb=NOT_CORE, gzip_unannounced=NOT_CORE, **{fault.replace("-", "_"): NOT_CORE for fault in TEXTS})),
    # What the model wrote is checked by itself; the envelope around it only has to be one.
    "model": ("accepted", verdict(
        "failed", html=NOT_MODEL, gzip_bomb=("failed", LONG),
        **({fault.replace("-", "_"): NOT_MODEL for fault in TEXTS}
           | {"duplicate_keys": ("accepted", ""), "lone_surrogate": ("accepted", "")}))),
}


def judge(reader, fault, said, line, outcome, clean, timeout):
    """What is not as it should be with one reading, in words."""
    healthy, table = TABLE[reader]
    wanted, words = (healthy, "") if fault is None else table[fault]
    wrong = []
    if said != wanted:
        wrong.append(f"the verdict is {said!r}, not {wanted!r}")
    if not re.search(words, line):
        wrong.append(f"the line does not say {words!r}")
    if outcome.code not in (0, 1, 2, 3) or "Fatal error" in outcome.err:
        wrong.append(f"it ended with {outcome.code}")
    if any(ord(character) < 32 and character not in "\n\t" for character in outcome.out + outcome.err + line):
        wrong.append("it printed control characters of the answer")
    if outcome.seconds > timeout + MARGIN:
        wrong.append(f"it took {outcome.seconds:.1f} s, with a time-out of {timeout:.0f} s")
    if outcome.megabytes > clean * MOST_MEMORY:
        wrong.append(f"it took {outcome.megabytes:.0f} MB, {outcome.megabytes / clean:.2f} times a healthy reading's")
    return wrong
