"""A scripted TLS server on Python's own TLS, for the tests of the drivers."""

import ssl

from .backend import Backend
from .places import certificate
from .tls_client import TLS12


class TlsServer(Backend):
    """Python's TLS on top of the scripted backend; `script(tls, peer)` plays one connection."""

    def __init__(self, script, version=None):
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate())
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        if version == TLS12:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.errors = []

        def play(peer):
            tls = context.wrap_socket(peer.sock, server_side=True, suppress_ragged_eofs=False)
            peer.sock = tls
            try:
                script(tls, peer)
            except Exception as failure:
                self.errors.append(failure)
        self.serve(play)
