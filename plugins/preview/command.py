"""`concord guidelines preview`."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click
from werkzeug.serving import WSGIRequestHandler, make_server

from guidelines.options import root_option
from plugins.local.ports import HOST, require_free
from plugins.preview.app import create_app
from plugins.preview.content import read_content
from plugins.preview.editor import find_editor


class _Quiet(WSGIRequestHandler):
    """Looks for changes come every second: nobody wants to read them."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@click.command("preview")
@click.argument("workflow")
@click.argument("locale")
@click.option("--port", type=int, default=8070, show_default=True, help="The port on 127.0.0.1.")
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@root_option
def preview_command(workflow: str, locale: str, port: int, no_open: bool, root: Path) -> None:
    """Show the task of WORKFLOW in LOCALE as annotators will see it, beside the guideline, live while files change.

    The task is Label Studio's own page with the examples as items. Nothing is stored. Ctrl-C stops it.
    """
    read_content(root, workflow, locale)  # an unknown workflow or locale ends here
    editor = find_editor()
    require_free(port, "--port")
    server = make_server(HOST, port, create_app(root, workflow, locale, editor), threaded=True, request_handler=_Quiet)
    url = f"http://{HOST}:{port}/"
    click.echo(f"{workflow} {locale}: {url} (Ctrl-C stops it)")
    if not no_open:
        webbrowser.open(url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("stopped")
    finally:
        server.server_close()
