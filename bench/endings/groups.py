"""Which rows count, and why the others do not."""

from proxies import options_of

# Seen only in Ferrule's log.
NOT_FROM_OUTSIDE = {"R17"}

# Where standards leave a choice and Ferrule's is one of several that are right: shown, not scored.
CHOICES = {
    "R70": "only the client's own end can be seen here",
    "R71": "when a proxy connects to its backend is its own affair",
    "R90": "how an end looks that a proxy makes itself",
    "R91": "how an end looks that a proxy makes itself",
    "R93": "a proxy may also leave the rest to its kernel, which goes on trying without it",
    "R110": "how an end looks that a proxy makes itself",
    "R111": "how an end looks that a proxy makes itself",
    "R121": "how an end looks that a proxy makes itself",
    "R122": "how an end looks that a proxy makes itself",
    "R123": "how an end looks that a proxy makes itself",
    "R133": "a server may refuse a renegotiation by ending the session, too",
    "R135": "no RFC says how many KeyUpdates are too many",
}


def group(row, contestants):
    """scored, option (not every proxy can be configured for it) or choice."""
    if row.id in CHOICES:
        return "choice"
    if options_of(row) and any(proxy.missing(row) for proxy in contestants):
        return "option"
    return "scored"
