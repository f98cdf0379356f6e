#!/usr/bin/env python3
"""A relay that breaks every rule of endings: it calls the backend at once, passes bytes on as they
are, tells no end to anybody and lets nothing go. Arguments: LISTEN=BACKEND, each HOST:PORT.
"""

import asyncio
import sys


async def pass_on(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass


async def serve(listen, backend):
    kept = []

    async def relay(reader, writer):
        kept.append((reader, writer))
        try:
            other = await asyncio.open_connection(*split(backend))
        except OSError:
            return
        kept.append(other)
        await asyncio.gather(pass_on(reader, other[1]), pass_on(other[0], writer))

    server = await asyncio.start_server(relay, *split(listen))
    await server.serve_forever()


def split(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


async def main():
    await asyncio.gather(*(serve(*pair.split("=")) for pair in sys.argv[1:]))


asyncio.run(main())
