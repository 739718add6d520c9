"""Runs in the audited project's interpreter: imports once what the project takes from elsewhere, forks for each command."""

import array
import ast
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import resource
import runpy
import signal
import socket
import sys
import time
from itertools import chain
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

MOST_FILES = 2000
PATCHERS = ("gevent", "eventlet", "ddtrace", "newrelic")  # change what other modules are, by their mere import
SERVERS = {"uvicorn": ("uvicorn.main", "uvicorn.lifespan.on", "uvicorn.protocols.http.auto", "uvicorn.loops.auto")}
MARK = b"CHECKER_REHEARSAL="
PDEATHSIG = 1


def main() -> None:
    """`warm.py DESCRIPTOR MODULE…`: what these modules import is imported; then a JSON message for each command.

    The answer to the first is whether this process can be forked, of the others the number of the new process, which
    belongs to whoever is the reaper of orphans: the sender.
    """
    there = socket.socket(fileno=int(sys.argv[1]))
    here = sys.path.pop(0)
    folders = [os.getcwd(), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    folders = [one for one in folders if one and "-packages" not in one]
    for name in chain(elsewhere(sys.argv[2:], folders), drivers()):
        try:
            importlib.import_module(name)
        except BaseException:
            continue
    sys.path.insert(0, here)
    patched = [name for name in PATCHERS if name in sys.modules]
    alone = len(os.listdir("/proc/self/task")) == 1
    gc.collect()
    gc.freeze()
    there.send(json.dumps({"fit": alone and not patched}).encode())
    wanted = awaited(there)
    if wanted is not None:
        become(*wanted)


def awaited(there: socket.socket) -> Optional[Tuple[Dict[str, Any], int, int]]:
    """In each child its command, the descriptor of its output and the number of the process that it waits to lose."""
    while True:
        data, ancillary, _, _ = there.recvmsg(1 << 20, socket.CMSG_SPACE(4))
        if not data:
            return None
        outputs = array.array("i")
        for _, _, given in ancillary:
            outputs.frombytes(given[:4])
        told, (heard, says) = json.loads(data), os.pipe()
        between = os.fork()
        if between:
            os.close(says)
            os.waitpid(between, 0)
            there.send(json.dumps({"pid": int(os.read(heard, 32))}).encode())  # it has been handed over by now
            os.close(heard)
            os.close(outputs[0])
            continue
        mine = os.getpid()
        child = os.fork()
        if child:
            os._exit(0)
        os.setsid()
        mark(told["mark"].encode())
        os.write(says, str(os.getpid()).encode())
        for one in (says, heard, there.detach()):
            os.close(one)
        return told, outputs[0], mine


def become(told: Dict[str, Any], output: int, parent: int) -> None:
    """Be what `python ARGUMENT…` would have been."""
    while os.getppid() == parent:
        time.sleep(0.001)
    ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (told["largest_file"], told["largest_file"]))
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    arguments: List[str] = told["argv"]
    if arguments[0] == "-m":
        sys.argv, sys.path[0] = arguments[1:], os.getcwd()
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = arguments, os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(os.path.abspath(arguments[0]), run_name="__main__")


def mark(value: bytes) -> None:
    """Write the mark where the kernel shows this process's environment: over the longer one that it began with."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[47]), int(fields[48])  # env_start and env_end of proc(5), counted from the third field
    found = ctypes.string_at(start, end - start)
    at = found.find(MARK)
    room = found.find(b"\0", at) - at - len(MARK)
    if at >= 0 and len(value) <= room:
        ctypes.memmove(start + at + len(MARK), value.ljust(room, b"\0"), room)


def elsewhere(modules: List[str], folders: List[str]) -> Iterator[str]:
    """What modules of these folders import, directly or through each other, of packages that are installed."""
    waiting: List[str] = list(modules)
    seen: Set[str] = set()
    given: Set[str] = set()
    while waiting and len(seen) < MOST_FILES:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        parts = name.split(".")
        place = located(parts, folders)
        if place is not None:
            waiting += [".".join(parts[:count]) for count in range(1, len(parts))]
            waiting += imported(place, parts if place.endswith("__init__.py") else parts[:-1], folders)
        elif name not in given and is_installed(parts[0]):
            given.add(name)
            yield from SERVERS.get(name, (name,))


def drivers() -> Iterator[str]:
    """What SQLAlchemy imports when it is told the address of a database."""
    if "sqlalchemy" in sys.modules:
        for value in os.environ.values():
            kind, _, driver = value.partition("://")[0].partition("+")
            if "://" in value and kind in ("postgresql", "sqlite", "mysql"):
                yield "sqlalchemy.dialects." + kind
                yield from ("sqlalchemy.dialects.%s.%s" % (kind, driver), driver) if driver else ()


def located(parts: List[str], folders: List[str]) -> Optional[str]:
    """The file of a module; None where none of the folders has it."""
    for folder in folders:
        base = os.path.join(folder, *parts)
        for path in (base + ".py", os.path.join(base, "__init__.py")):
            if os.path.isfile(path):
                return path
    return None


def is_installed(name: str) -> bool:
    try:
        found = importlib.util.find_spec(name)
    except Exception:
        return False
    origin = getattr(found, "origin", None) or ""
    return origin in ("built-in", "frozen") or "-packages" in origin or origin.startswith(os.path.dirname(os.__file__))


def imported(path: str, package: List[str], folders: List[str]) -> Iterator[str]:
    """The modules that a file imports when it is imported itself."""
    try:
        with open(path, "rb") as file:
            waiting: List[ast.AST] = list(ast.parse(file.read()).body)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            if node.level or located(base.split("."), folders):
                yield from (base + "." + one.name for one in node.names if base and one.name != "*")
        elif isinstance(node, ast.If) and "CHECKING" not in ast.dump(node.test):
            waiting += [*node.body, *node.orelse]
        elif isinstance(node, ast.Try):
            waiting += [*node.body, *node.orelse]


if __name__ == "__main__":
    main()
