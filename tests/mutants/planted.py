"""Plants faults one at a time in a copy of the tree, and sees whether the tests notice.

    .venv/bin/python tests/mutants/planted.py            # every fault of mutants.toml
    .venv/bin/python tests/mutants/planted.py --quick    # those of the test run
    .venv/bin/python tests/mutants/planted.py --only ladder
    .venv/bin/python tests/mutants/planted.py --drills   # whether the drills notice theirs (needs mosquitto; minutes)

Exit status 1 when a fault lives, or when the text that it stands in for is no longer there.
"""

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.toml")
_LEFT_OUT = shutil.ignore_patterns(".*", "var", "__pycache__", "node_modules", "deploy", "dist")
_SECONDS = 300
#: tests that need no ledger: half of their time would be spent on getting one ready
_PURE = ("tests/domain/", "tests/escalation/")
#: pytest's word for "some test failed"; everything else is not a fault that was noticed
_FAILED = 1
#: ours for "no test failed, something else did"
_ERRORS = 9
#: Unix seconds, another one for each writing: a compiled module is recognised by its source's second and size
_SECONDS_OF_CHANGE = itertools.count(1_000_000_000)


@dataclass(frozen=True, slots=True)
class Fault:
    """One line that is wrong on purpose, and the tests that must say so."""

    name: str
    file: str
    text: str
    becomes: str
    tests: tuple[str, ...]
    quick: bool = False
    #: the drill that shows this feature from outside, and must fail without it
    drill: str = ""

    def problems(self, root: Path = ROOT) -> Iterator[str]:
        """Why it cannot be planted; nothing when it can."""
        path = root / self.file
        found = path.read_text("utf-8").count(self.text) if path.exists() else 0
        if found != 1:
            yield f"{self.name}: {self.file} holds its text {found} times; write down the line as it is now"
        for test in self.tests:
            file, _, name = test.partition("::")
            if not (root / file).exists() or f"def {name}" not in (root / file).read_text("utf-8"):
                yield f"{self.name}: there is no test {test}"


def faults() -> list[Fault]:
    """The list."""
    raw = tomllib.loads(LIST.read_text("utf-8"))["fault"]
    return [Fault(**{**each, "tests": tuple(each["tests"])}) for each in raw]


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree, thrown away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="anling-faults-"))
    try:
        shutil.copytree(ROOT, folder / "tree", ignore=_LEFT_OUT)
        yield folder / "tree"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def noticed(fault: Fault, tree: Path) -> bool:
    """Whether a test fails while the fault stands in ``tree``."""
    with _planted(fault, tree):
        return _FAILED == _run(tree, fault.tests, "not postgres and not browser and not mosquitto")


def noticed_outside(fault: Fault, tree: Path) -> bool:
    """Whether its drill, played against the whole product, passes without the fault and fails with it."""
    play = ("tests/acceptance/test_drills.py::test_the_drills_pass",)
    if _run(tree, play, "mosquitto", DRILL=fault.drill, ANLING_PROVE="1"):
        return False
    with _planted(fault, tree):
        return _FAILED == _run(tree, play, "mosquitto", DRILL=fault.drill, ANLING_PROVE="1")


@contextmanager
def _planted(fault: Fault, tree: Path) -> Iterator[None]:
    path = tree / fault.file
    right = path.read_text("utf-8")
    _write(path, right.replace(fault.text, fault.becomes))
    try:
        yield
    finally:
        _write(path, right)


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    os.utime(path, (second := next(_SECONDS_OF_CHANGE), second))


def _run(tree: Path, tests: tuple[str, ...], marked: str, **more: str) -> int:
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    words += ["-p", "tests.mutants.first_example", "-m", marked, *tests]
    words += ["--noconftest"] if all(test.startswith(_PURE) for test in tests) else []
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "ANLING_"))}
    env = alone | {"PYTHONPATH": str(tree), "FAULTS": "planted"} | more
    try:
        done = subprocess.run(words, cwd=tree, env=env, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return _FAILED  # a fault that makes the house stand still is noticed
    last = done.stdout.splitlines()[-1:]
    # a fixture that is not there fails too, and is no fault that was noticed
    return _ERRORS if done.returncode == _FAILED and b" failed" not in b"".join(last) else done.returncode


def main() -> int:
    """Plant them all; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--drills", action="store_true", help="the faults that a drill must notice, by that drill")
    parser.add_argument("--only", default="", help="faults whose file or name holds this")
    options = parser.parse_args()
    wanted = [f for f in faults() if (f.quick or not options.quick) and options.only in f"{f.file} {f.name} {f.drill}"]
    if options.drills:
        wanted = [fault for fault in wanted if fault.drill]
    lives = [problem for fault in wanted for problem in fault.problems()]
    with copied() as tree:
        for n, fault in enumerate(wanted, 1):
            start = time.monotonic()
            killed = noticed_outside(fault, tree) if options.drills else noticed(fault, tree)
            word, spent = "killed" if killed else "LIVES", time.monotonic() - start
            print(f"[{n}/{len(wanted)}] {word} {fault.name} ({spent:.0f} s)", flush=True)
            judges = f"the drill {fault.drill}" if options.drills else ", ".join(fault.tests)
            lives += [] if killed else [f"{fault.name}: not noticed by {judges}"]
    print("\n".join(lives) or f"all {len(wanted)} planted faults were noticed")
    return 1 if lives else 0


if __name__ == "__main__":
    sys.exit(main())
