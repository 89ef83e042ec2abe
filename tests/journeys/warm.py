"""`sogoc` for the stories: every command in a process of its own, forked from one that has loaded Python and Django already.

`warm.py SOCKET` listens there; `warm.py SOCKET --ask WORDS…` is the command as the shell sees it: it hands over its words, its
environment and its three files, and ends with the code that the command ended with.
"""

from __future__ import annotations

import array
import json
import os
import socket
import sys
import traceback


def ask(path: str, words: list[str]) -> int:
    with socket.socket(socket.AF_UNIX) as call:
        call.connect(path)
        asked = json.dumps({"words": words, "environment": dict(os.environ), "folder": os.getcwd()}).encode()  # noqa: PTH109 - loads nothing
        files = array.array("i", [0, 1, 2])
        call.sendmsg([len(asked).to_bytes(4)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
        call.sendall(asked)
        return int(call.recv(16) or b"70")


def serve(path: str) -> None:
    import importlib
    import pkgutil
    from pathlib import Path

    from sogoc import services, wiring
    from sogoc.cli import app

    wiring.setup_django(Path(os.environ["SOGOC_HOME"]))
    importlib.import_module("sogoc.register.queries")
    for module in pkgutil.walk_packages(services.__path__, "sogoc.services."):
        importlib.import_module(module.name)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        print("ready", flush=True)
        while True:
            call, _ = door.accept()
            if os.fork() == 0:
                door.close()
                _answer(call, app.main)
            call.close()
            os.waitpid(-1, 0)


def _answer(call: socket.socket, main: object) -> None:
    """Be the command that was asked for, and end."""
    length, files, _, _ = socket.recv_fds(call, 4, 3)
    asked = b""
    while len(asked) < int.from_bytes(length):
        asked += call.recv(1 << 16)
    value = json.loads(asked)
    for descriptor, file in enumerate(files):
        os.dup2(file, descriptor)
    os.chdir(value["folder"])
    os.environ.clear()
    os.environ.update(value["environment"])
    sys.argv = ["sogoc", *value["words"]]
    code = 70
    try:
        code = main()  # type: ignore[operator]
    except BaseException:  # noqa: BLE001 - the process ends below, whatever it was
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        call.sendall(str(code).encode())
        os._exit(0)


if __name__ == "__main__":
    if sys.argv[2:3] == ["--ask"]:
        sys.exit(ask(sys.argv[1], sys.argv[3:]))
    serve(sys.argv[1])
