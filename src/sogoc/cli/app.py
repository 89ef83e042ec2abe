"""The commands. Each takes words, calls one service, and prints; what it needs is loaded when it runs.

Exit codes: 0 done; 1 refused or failed, with the reason; 64 not a call of this form; 70 the log contradicts itself. `verify` has its
own, see docs/spec/outcomes.md.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from sogoc import __version__
from sogoc.cli import acts, audit, books, desk, gate, keeping, keys, ministry, stock, workbench, working
from sogoc.cli.options import By, InstitutionCode, Json, SerialNumber, home
from sogoc.errors import LogForked, SogocError

if TYPE_CHECKING:
    from datetime import datetime

    from sogoc.core.trust import Policy

USAGE = 64
FORKED = 70

app = typer.Typer(
    name="sogoc",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sổ Gốc: registers of qualifications, a public log over them, and verification that trusts nobody.",
)
log_app = typer.Typer(no_args_is_help=True, help="The public log.")
trust_app = typer.Typer(no_args_is_help=True, help="Trust policies: what a verifier pins and has seen itself.")
node_app = typer.Typer(no_args_is_help=True, help="The embedded chain of a trial archive.")
app.add_typer(acts.app)
app.add_typer(desk.app)
app.add_typer(stock.app)
app.add_typer(gate.app)
app.add_typer(books.app)
app.add_typer(audit.app, name="audit")
app.add_typer(keeping.app)
app.add_typer(ministry.app)
app.add_typer(keys.app)
app.add_typer(working.app)
app.add_typer(workbench.app, name="upload")
app.add_typer(log_app, name="log")
app.add_typer(trust_app, name="trust")
app.add_typer(node_app, name="node")


def main() -> int:
    """Run one command and return its exit code."""
    command = typer.main.get_command(app)
    try:
        return int(command.main(args=sys.argv[1:], prog_name="sogoc", standalone_mode=False) or 0)
    except TyperException as error:  # a call that is not of the form, or a bare group, which answers with its help
        show = getattr(error, "show", None)
        show() if show else typer.echo(error.format_message(), err=True)
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        return 1
    except SogocError as error:
        from sogoc.cli import output

        return output.fail(error, as_json="--json" in sys.argv)
    except LogForked as error:  # the last place it can reach, and not to be taken for an ordinary refusal
        typer.echo(f"‼ NHẬT KÝ TỰ MÂU THUẪN · THE LOG CONTRADICTS ITSELF: {error}", err=True)
        typer.echo(
            "  Dừng mọi việc, giữ nguyên mọi tệp, gọi người vận hành · Stop, keep every file, call the operator.",
            err=True,
        )
        return FORKED
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("sogoc"):
            raise
        typer.echo(f"✗ cần cài thêm · not installed: {error.name} → pip install 'sogoc[server]'", err=True)
        return 1


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the archive (default: SOGOC_HOME or .sogoc).")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    if home is not None:
        os.environ["SOGOC_HOME"] = str(home)


# -- anybody ----------------------------------------------------------------------------------------------------------


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A PDF, an evidence file or an SD-JWT.")],
    trust: Annotated[Path, typer.Option(help="Your trust policy.")],
    fresh: Annotated[Path | None, typer.Option(help="A newer fresh half.")] = None,
    now: Annotated[str | None, typer.Option(help="Verify as of this time, such as 2026-11-23T18:00:00Z.")] = None,
    online: Annotated[bool, typer.Option("--online", help="Also ask the chains of the policy.")] = False,
    as_json: Json = False,
) -> int:
    """Say whether a diploma is valid, revoked, changed, unknown, or cannot be checked now."""
    from sogoc.cli import output
    from sogoc.cli import verify as verifying

    report = verifying.verify_file(
        file, trust_file=trust, fresh_file=fresh, now=now, observe=_observe if online else None
    )
    if as_json:
        output.document(report.to_json())
    else:
        output.show_report(report)
    return report.exit_code


@app.command()
def demo(
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the archive of the last demo.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the invented people.")] = 2026,
    output_folder: Annotated[Path, typer.Option("--output", help="Where the files land.")] = Path("demo-output"),
) -> int:
    """Tell the whole story: from a spreadsheet to a diploma that anyone can verify."""
    from sogoc.demo.story import tell

    return tell(home=home(), output=output_folder, seed=seed, resume=resume)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000,
    workers: Annotated[int, typer.Option(help="Worker processes.")] = 1,
) -> int:
    """Serve the public page: the newest checkpoint, and a place to drop a diploma."""
    from sogoc.cli import archive

    return archive.serve(home(), port=port, workers=workers)


# -- registrar and approver -------------------------------------------------------------------------------------------


app.command("import")(workbench.import_file)


Batch = Annotated[str, typer.Argument(help="Id of the batch, or its beginning.")]


@app.command()
def submit(batch: Batch, by: By, as_json: Json = False) -> int:
    """Hand a batch to the approver."""
    from sogoc.cli import register

    return register.submit(home(), batch, by=by, as_json=as_json)


@app.command()
def discard(
    batch: Batch,
    by: By,
    reason: Annotated[
        str | None, typer.Option(help="Why the numbers that were allotted are void; name nobody.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Take out again a batch that nobody approved, to mend its file and import it anew."""
    from sogoc.cli import register

    return register.discard(home(), batch, by=by, reason=reason, as_json=as_json)


@app.command()
def approve(batch: Batch, by: By, as_json: Json = False) -> int:
    """Approve a batch that somebody else prepared; it is then signed, logged and published."""
    from sogoc.cli import register

    return register.approve(home(), batch, by=by, as_json=as_json)


@app.command()
def publish(
    state: Annotated[bool, typer.Option("--state", help="Publish a new state even if nothing waits.")] = False,
    as_json: Json = False,
) -> int:
    """Seal what was approved, log what waits, publish. Safe at any time; a timer runs it."""
    from sogoc.cli import register

    return register.publish(home(), state_only=state, as_json=as_json)


@app.command()
def diploma(
    institution: InstitutionCode,
    serial: SerialNumber,
    by: By,
    to: Annotated[Path, typer.Option(help="A .pdf or .json file to write.")],
    show: Annotated[list[str] | None, typer.Option(help="Fields to show in a .json (default: the face).")] = None,
    as_json: Json = False,
) -> int:
    """Write the diploma of a serial number: the signed PDF, or its evidence alone."""
    from sogoc.cli import register

    return register.diploma(home(), institution=institution, serial=serial, by=by, to=to, show=show, as_json=as_json)


# -- log, chain, trust ------------------------------------------------------------------------------------------------


@log_app.command("show")
def log_show(
    index: Annotated[int | None, typer.Argument(help="Show the entry at this index.")] = None, as_json: Json = False
) -> int:
    """Show the newest checkpoint, its anchors, or one entry."""
    from sogoc.cli import archive

    return archive.log_show(home(), index, as_json=as_json)


@log_app.command("prove")
def log_prove(index: int, to: Annotated[Path | None, typer.Option(help="File to write.")] = None) -> int:
    """Write the proof that the entry at INDEX stands in the log, as a tlog-proof."""
    from sogoc.cli import archive

    return archive.log_prove(home(), index, to)


@log_app.command("fsck")
def log_fsck(
    folder: Annotated[Path | None, typer.Argument(help="Public files (default: those of this archive).")] = None,
    trust: Annotated[Path | None, typer.Option(help="Trust policy (default: this archive's own keys).")] = None,
    as_json: Json = False,
) -> int:
    """Check the whole public log as a stranger would: every tile, every rule, every status, every anchor."""
    from sogoc.cli import archive

    return archive.log_fsck(home(), folder, trust, as_json=as_json)


@log_app.command("mirror")
def log_mirror(
    target: Annotated[Path, typer.Argument(help="Folder of the mirror.")],
    source: Annotated[Path | None, typer.Option(help="Public files (default: those of this archive).")] = None,
    trust: Annotated[Path | None, typer.Option(help="Trust policy (default: this archive's own keys).")] = None,
    as_json: Json = False,
) -> int:
    """Copy the public log into a folder, checked, and never backwards."""
    from sogoc.cli import archive

    return archive.log_mirror(home(), target, source, trust, as_json=as_json)


@log_app.command("fresh")
def log_fresh(to: Annotated[Path, typer.Argument(help="File to write.")], as_json: Json = False) -> int:
    """Write the fresh half of the whole archive, for offline verifiers."""
    from sogoc.cli import archive

    return archive.log_fresh(home(), to, as_json=as_json)


@app.command()
def anchor(
    wait: Annotated[float, typer.Option(help="Seconds to wait until it is final; 0 only sends.")] = 30.0,
    as_json: Json = False,
) -> int:
    """Put the newest head on the chain, and look again at what the chain holds."""
    from sogoc.cli import archive

    return archive.anchor(home(), wait=wait, as_json=as_json)


@trust_app.command("export")
def trust_export(to: Annotated[Path, typer.Argument(help="Policy file to write.")], as_json: Json = False) -> int:
    """Write the policy that verifiers of this archive pin. It has observed nothing yet."""
    from sogoc.cli import archive

    return archive.trust_export(home(), to, as_json=as_json)


@trust_app.command("observe")
def trust_observe(
    policy: Annotated[Path, typer.Argument(help="Your policy file; what is seen is added to it.")],
    log: Annotated[Path | None, typer.Option("--log", help="Public files: also remember the highest state.")] = None,
    as_json: Json = False,
) -> int:
    """Look at the chains of a policy with your own endpoints, and remember the anchors seen."""
    from sogoc.cli import archive

    return archive.trust_observe(policy, log, as_json=as_json)


@node_app.command("start")
def node_start(as_json: Json = False) -> int:
    """Start the embedded chain of this archive."""
    from sogoc.cli import archive

    return archive.node(home(), "start", as_json=as_json)


@node_app.command("stop")
def node_stop(as_json: Json = False) -> int:
    """Stop it; it keeps its state."""
    from sogoc.cli import archive

    return archive.node(home(), "stop", as_json=as_json)


@app.command()
def recover(as_json: Json = False) -> int:
    """Bring a database that was restored from a backup back to where the log is."""
    from sogoc.cli import archive

    return archive.recover(home(), as_json=as_json)


@app.command()
def doctor(
    backups: Annotated[Path | None, typer.Option(help="Folder of backups: name those that are too old.")] = None,
    as_json: Json = False,
) -> int:
    """Look over this archive: database settings, keys, log, lock, chain, erasures, programs."""
    from sogoc.cli import archive

    return archive.doctor(home(), backups=backups, as_json=as_json)


def _observe(policy: Policy, now: datetime) -> Policy:
    from sogoc.cli.archive import observe

    return observe(policy, now)
