"""`baton flows preview`: see a flow as customers and staff will, while it is written."""

from __future__ import annotations

from contextlib import closing, suppress

import click

from flows.settings import Settings
from worker.trouble import Trouble


@click.command()
@click.argument("named", metavar="PATH|NAME")
@click.option("--port", default=8100, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
def preview(named: str, port: int) -> None:
    """Show every page, mail and state of a flow in a browser on this machine; it follows the file as it is saved."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    from worker.preview.local import Local
    from worker.preview.source import Source

    class Quiet(WSGIRequestHandler):
        """A line for every look of every page would hide what matters."""

        def log_request(self, *_given: object) -> None:
            return None

    source = Source(named, Settings.from_env().folders_of_flows)
    with closing(Local(source)) as local:
        try:
            server = make_server("127.0.0.1", port, local, threaded=True, request_handler=Quiet)
        except SystemExit:  # what werkzeug makes of a port that is taken
            raise Trouble(f"Cannot listen on 127.0.0.1:{port}; choose another --port") from None
        click.echo(f"{source.path}\n  http://127.0.0.1:{server.port}/   Ctrl-C ends it.")
        with suppress(KeyboardInterrupt):
            server.serve_forever()
        server.server_close()
