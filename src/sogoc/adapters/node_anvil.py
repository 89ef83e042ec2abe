"""The embedded chain: a real EVM node (anvil) for the demo, trials and tests, with its state in a folder.

It has no accounts of its own and no well-known key; who needs money on it is given some by `Node.fund`. It listens on
loopback only, but without a password: whoever has a shell on this machine may write to it. It mines a block for each
transaction and none otherwise, so its state stays small, and an anchor is in a block moments after it was sent.

A stop keeps everything; a kill may lose the last second, which the anchor service must notice and mend.

Spec: docs/spec/anchor.md
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sogoc.errors import ChainUnavailable, WrongState

TRIAL_CHAIN_ID = 89
_GAS_PRICE = 250_000_000
_SECONDS_TO_START = 20.0
_SECONDS_TO_STOP = 20.0
_SECONDS_TO_SAVE = 20.0
_LISTENING = re.compile(rb"Listening on 127\.0\.0\.1:(\d{1,5})\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node that runs."""

    rpc_url: str
    pid: int
    folder: Path
    chain_id: int

    @property
    def _port(self) -> int:
        return int(self.rpc_url.rsplit(":", 1)[1])

    def fund(self, address: str, wei: int) -> None:
        """Give an account of this trial chain a balance out of nothing."""
        _ask(self._port, "anvil_setBalance", address, hex(wei))

    def mine(self, blocks: int = 1) -> None:
        """Put empty blocks on the chain, so that what is below becomes final by a rule of confirmations."""
        _ask(self._port, "anvil_mine", hex(blocks))

    def wait_until_saved(self, contract: str) -> None:
        """Return once a contract's address stands in the saved state, about a second after its deployment.

        A kill before that would forget the contract itself, which nothing can mend. Raises: ChainUnavailable.
        """
        state = _state(self.folder)
        if not _within(_SECONDS_TO_SAVE, lambda: state.exists() and contract.lower().encode() in state.read_bytes()):
            raise ChainUnavailable(
                f"the embedded chain did not save its state to {state}",
                f"chuỗi khối nhúng không lưu được trạng thái vào {state}",
            )


def find_program() -> Path:
    """Where anvil is: SOGOC_ANVIL, else `.tools/` of the checkout that this package runs from, else the PATH.

    Raises: ChainUnavailable, saying how to install it.
    """
    named = os.environ.get("SOGOC_ANVIL")
    checkout = Path(__file__).parents[3] / ".tools" / "runtime" / "bin" / "anvil"
    on_path = shutil.which("anvil")
    for place in (named, checkout, on_path):
        if place is not None and os.access(place, os.X_OK) and Path(place).is_file():
            return Path(place)
        if place is not None and place is named:
            break
    raise ChainUnavailable(
        f"there is no program at {named} (SOGOC_ANVIL)" if named else "the embedded chain (anvil) is not installed",
        f"không có chương trình tại {named} (SOGOC_ANVIL)" if named else "chưa cài chuỗi khối nhúng (anvil)",
        mend="Run tools/install-node-tools in the checkout, or let SOGOC_ANVIL name the program.",
        mend_vi="Chạy tools/install-node-tools trong thư mục mã nguồn, hoặc đặt SOGOC_ANVIL tới chương trình.",
    )


def start(folder: Path, *, chain_id: int = TRIAL_CHAIN_ID) -> Node:
    """Start the node whose state is in `folder`, or return the one that runs already.

    It keeps its port from one start to the next where that is free, and goes on running after this process ends, until
    `stop`. Raises: ChainUnavailable when it does not start, WrongState when the folder holds a chain of another id.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(folder):
        running = _running(folder)
        earlier = _read(folder)
        if earlier is not None and earlier["chain_id"] != chain_id:
            raise WrongState(
                f"the embedded chain in {folder} has the id {earlier['chain_id']}, not {chain_id}",
                f"chuỗi khối nhúng trong {folder} có mã {earlier['chain_id']}, không phải {chain_id}",
            )
        if running is not None:
            return running
        wanted = earlier["port"] if earlier is not None else 0
        node = _launch(folder, chain_id, wanted) or (_launch(folder, chain_id, 0) if wanted else None)
        if node is None:
            raise ChainUnavailable(
                f"the embedded chain did not start; its own words are in {folder / 'node.log'}",
                f"chuỗi khối nhúng không khởi động được; xem {folder / 'node.log'}",
            )
        return node


def attach(folder: Path) -> Node | None:
    """The node of `folder` if it runs and answers, else None."""
    return _running(folder)


def stop(folder: Path) -> bool:
    """Stop the node of `folder` so that it saves its state. False when none was running.

    Only a process that is this folder's node is ever signalled. Raises: ChainUnavailable when it does not end.
    """
    if not folder.is_dir():
        return False
    with _only_one(folder):
        kept = _read(folder)
        if kept is None or not _is_ours(kept["pid"], folder):
            return False
        os.kill(kept["pid"], signal.SIGTERM)
        if not _within(_SECONDS_TO_STOP, lambda: not _is_ours(kept["pid"], folder)):
            raise ChainUnavailable(
                f"the embedded chain (process {kept['pid']}) did not stop within {_SECONDS_TO_STOP:.0f} s",
                f"chuỗi khối nhúng (tiến trình {kept['pid']}) không dừng trong {_SECONDS_TO_STOP:.0f} giây",
            )
        return True


def _launch(folder: Path, chain_id: int, port: int) -> Node | None:
    """One attempt at one port (0: any free one). None when the node ended, or did not answer in time."""
    log = folder / "node.log"
    arguments = [
        *("--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id), "--hardfork", "istanbul"),
        *("--accounts", "0", "--gas-price", str(_GAS_PRICE), "--no-cors"),
        *("--state", str(_state(folder)), "--state-interval", "1"),
    ]
    # The shell ends at once, so the node is nobody's child: it outlives this process and is reaped when it ends.
    launched = subprocess.run(
        ["/bin/sh", "-c", '"$@" >"$0" 2>&1 </dev/null & echo $!', str(log), str(find_program()), *arguments],
        stdout=subprocess.PIPE,
        start_new_session=True,
        umask=0o077,
        check=True,
    )
    pid = int(launched.stdout)

    def listens_at() -> int | None:
        said = _LISTENING.search(log.read_bytes()) if log.exists() else None
        port = int(said.group(1)) if said else None
        return port if port is not None and _chain_id(port) == chain_id else None

    # Not `_is_ours`: while a process becomes another program it has no command line for a moment.
    _within(_SECONDS_TO_START, lambda: listens_at() or not _is_alive(pid))
    found = listens_at()
    if found is None:
        if _is_alive(pid):
            os.kill(pid, signal.SIGKILL)
        return None
    _write(folder, {"pid": pid, "port": found, "chain_id": chain_id})
    return Node(rpc_url=_url(found), pid=pid, folder=folder, chain_id=chain_id)


def _running(folder: Path) -> Node | None:
    kept = _read(folder)
    if kept is None or not _is_ours(kept["pid"], folder):
        return None
    if _chain_id(kept["port"]) != kept["chain_id"]:
        return None
    return Node(rpc_url=_url(kept["port"]), pid=kept["pid"], folder=folder, chain_id=kept["chain_id"])


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether this process is alive and is an anvil with this folder's state: process ids are used again."""
    command = _command(pid)
    return "anvil" in command and str(_state(folder)) in command


def _command(pid: int) -> str:
    """The command line of a process, empty when it ended."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout


def _state(folder: Path) -> Path:
    return folder.resolve() / "state.json"


def _read(folder: Path) -> dict[str, int] | None:
    try:
        kept = json.loads((folder / "node.json").read_bytes())
    except FileNotFoundError:
        return None
    return {name: int(kept[name]) for name in ("pid", "port", "chain_id")}


def _write(folder: Path, kept: dict[str, int]) -> None:
    new = folder / "node.json.new"
    new.write_text(json.dumps(kept))
    new.replace(folder / "node.json")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two commands that start at once must not start two nodes over one state."""
    with (folder / "node.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _within(seconds: float, condition: Any) -> Any:
    """The first true answer of `condition`, or its last one when the time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return answer


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _chain_id(port: int) -> int | None:
    try:
        return int(_ask(port, "eth_chainId"), 16)
    except ChainUnavailable:
        return None


def _ask(port: int, method: str, *params: object) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.load(connection.getresponse())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ChainUnavailable(f"the embedded chain does not answer on port {port}: {error}") from error
    finally:
        connection.close()
    if "error" in answer:
        raise ChainUnavailable(f"the embedded chain refused {method}: {answer['error'].get('message')}")
    return answer.get("result")
