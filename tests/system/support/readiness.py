"""select(2) as one wants it: without a limit for the number of a descriptor (that is 1024)."""

import select


def ready(readers, writers, seconds):
    """Those of `readers` that have bytes or an end, and those of `writers` that take bytes, within
    `seconds`."""
    asked = select.poll()
    events = {}
    for each, event in [(each, select.POLLIN) for each in readers] + [
            (each, select.POLLOUT) for each in writers]:
        events[each.fileno()] = events.get(each.fileno(), 0) | event
    for number, event in events.items():
        asked.register(number, event)
    found = dict(asked.poll(seconds * 1000))
    told = select.POLLERR | select.POLLHUP

    def is_ready(each, event):
        return bool(found.get(each.fileno(), 0) & (event | told))
    return ([each for each in readers if is_ready(each, select.POLLIN)],
            [each for each in writers if is_ready(each, select.POLLOUT)])
