"""Runs the suite on mutants of the emulator, and compares the survivors with conformance/mutants.toml.

usage: mutants.py check ENTRIES ALL                      are the entries well-formed, and do their mutants exist?
       mutants.py run ENTRIES ALL CHOSEN PART PARTS JOBS FOLDER
                                                         the score of some mutants, and what differs from the entries

ALL is the list of every mutant (`cargo mutants --list --json`), CHOSEN the list of those of which each PARTS-th is run, and
FOLDER has a copy of the sources in `tree`; logs go there. Exit codes: 0 nothing differs;
1 something differs, or the endpoint without a mutation does not conform; 2 an entry is not well-formed.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib

from mutants_weave import DoesNotCompile, Weave

# The test of a mutant. Cargo compiles the emulator and the program that links it, and nothing else.
TEST = "cargo test --no-run --package connect-conformance --no-default-features --test mutant".split()

# The classes of survivors, each with its meaning.
CLASSES = {
    "equivalent": "no request can tell the mutant from the original",
    "outside": "the contract says nothing about the difference",
    "hole": "the suite should see it, and `check` names the check",
}

# The ends of a mutant, in the order of the summary.
ENDS = ["killed", "conforming", "incomplete", "crashed", "timed out", "not viable"]
SURVIVED = ["conforming", "incomplete", "crashed"]


def usage(message):
    print(f"mutants: {message}", file=sys.stderr)
    sys.exit(2)


def keys(mutants):
    """The key of each mutant by file and place: its text without line and column, and ` #2` for the second of a file."""
    found, seen = {}, collections.Counter()
    for mutant in mutants:
        text = re.sub(r":\d+:\d+: ", ": ", mutant["name"], count=1)
        seen[text] += 1
        found[place(mutant)] = text if seen[text] == 1 else f"{text} #{seen[text]}"
    return found


def place(mutant):
    start = mutant["span"]["start"]
    return mutant["file"], start["line"], start["column"], mutant["replacement"], mutant["genre"]


def entries(path):
    """The entries of the file, by the key of a mutant."""
    with open(path, "rb") as file:
        try:
            tables = tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            usage(f"{path}: {error}")
    if extra := sorted(set(tables) - {"survivors"}):
        usage(f"{path}: unknown table {extra[0]}; every entry is a [[survivors]]")
    found = {}
    for entry in tables.get("survivors", []):
        mutants = entry.get("mutants")
        if not isinstance(mutants, list) or not mutants:
            usage(f"{path}: an entry needs `mutants`, a list of their texts: {entry}")
        where = f"{path}: the entry of {mutants[0]}"
        kind = entry.get("class")
        if kind not in CLASSES:
            usage(f"{where}: class is one of {', '.join(CLASSES)}, not {kind}")
        wanted = {"class", "mutants", "why"} | ({"check"} if kind == "hole" else set())
        if differ := sorted(set(entry) ^ wanted):
            usage(f"{where}: {differ[0]} is {'unknown' if differ[0] in entry else 'missing'}; {kind} means: {CLASSES[kind]}")
        for mutant in mutants:
            if mutant in found:
                usage(f"{path}: two entries for {mutant}")
            found[mutant] = entry
    return found


class Suite:
    """The suite as a program that judges the emulator with one of its mutants."""

    def __init__(self, program, folder, limit=None):
        self.program, self.folder, self.limit = program, folder, limit

    def run(self, number, **environment):
        """The end of a mutant, the verdict of the suite, and the seconds that it took. The reports of survivors are kept."""
        started = time.monotonic()
        reports = self.folder / "reports" / str(number)
        reports.mkdir(parents=True)
        with open(reports / "output", "w+") as log:
            env = {**os.environ, **environment, "MUTANT": str(number), "TMPDIR": str(reports)}
            cwd = self.folder / "tree" / "conformance"
            process = subprocess.Popen([self.program], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                code = process.wait(self.limit)
            except subprocess.TimeoutExpired:
                code = None
                process.kill()
                process.wait()
            log.seek(0)
            found = re.findall(r"^verdict: (.*)$", log.read(), re.MULTILINE)
        verdict = found[-1] if found else "the suite ended without a verdict"
        became = end(code, verdict)
        if became not in SURVIVED:
            shutil.rmtree(reports)
        return became, verdict, time.monotonic() - started


def end(code, verdict):
    """What became of a mutant, by the exit code of the suite (none if it was stopped) and its verdict."""
    if code is None:
        return "timed out"
    if verdict.startswith("killed"):
        return "killed"
    if code != 0 or verdict.startswith("the suite ended"):
        return "crashed"
    return "conforming" if verdict.startswith("conforming") else "incomplete"


def run(keys, chosen, jobs, folder):
    """Builds and judges the chosen mutants. Returns the end and the verdict of each, by its key."""
    shutil.rmtree(folder / "reports", ignore_errors=True)
    weave = Weave(folder / "tree", chosen)
    program = weave.build(TEST, folder / "build.log")
    called = folder / "called"
    called.unlink(missing_ok=True)
    became, verdict, seconds = Suite(program, folder).run(0, MUTANT_CALLED=str(called))
    if became != "conforming":
        raise DoesNotCompile(f"the emulator does not conform as it is: {verdict}")
    print(f"the original conforms; a run takes {seconds:.0f} s", file=sys.stderr)
    suite = Suite(program, folder, limit=60 + 5 * seconds)
    called = weave.called(called)
    ends = {}

    def note(number, became, verdict, seconds):
        key = keys[place(chosen[number - 1])]
        ends[key] = became, verdict
        if became != "not viable":
            print(f"{len(ends)}/{len(chosen)} {seconds:3.0f} s {became:<11} {key}" + (f"  [{verdict}]" if verdict else ""), flush=True)

    together = set(range(1, len(chosen) + 1)) - weave.alone
    for number in sorted(together & weave.not_viable):
        note(number, "not viable", "", 0)
    for number in sorted(together - weave.not_viable - called):
        note(number, "conforming", "the suite does not call the function", 0)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(suite.run, n): n for n in sorted(together & called - weave.not_viable)}
        for future in concurrent.futures.as_completed(running):
            note(running[future], *future.result())
    for number in sorted(weave.alone):
        program = weave.build_alone(number, TEST, folder / "build.log")
        if program:
            note(number, *Suite(program, folder, suite.limit).run(number))
        else:
            note(number, "not viable", "", 0)
    return ends


def judge(entries, ends):
    """Prints the score and the differences from the entries. Returns the exit code."""
    survivors = {key: came for key, came in ends.items() if came[0] in SURVIVED}
    known = collections.Counter(entries[key]["class"] for key in survivors if key in entries)
    print("\nsurvivors")
    for key in sorted(survivors):
        became, verdict = ends[key]
        print(f"{became:<11} {entries[key]['class'] if key in entries else '':<10} {key}  [{verdict}]")
    wrong = [f"survived, and has no entry: {key}" for key in sorted(survivors) if key not in entries]
    wrong += [f"has an entry, but was {ends[key][0]}: {key}" for key in sorted(entries) if key in ends and key not in survivors]
    count = collections.Counter(became for became, _ in ends.values())
    viable = len(ends) - count["not viable"]
    print("\n" + ", ".join(f"{count[name]} {name}" for name in ENDS))
    if viable:
        print(f"{count['killed']} of {viable} viable mutants killed ({100 * count['killed'] / viable:.0f} %)")
    print(f"survivors: {', '.join(f'{known[name]} {name}' for name in CLASSES)}, {len(survivors) - known.total()} without entry")
    for line in wrong:
        print(f"FAIL {line}")
    return 1 if wrong else 0


def main(command, path, list_path, *rest):
    mutants = json.loads(pathlib.Path(list_path).read_text())
    known = keys(mutants)
    found = entries(path)
    gone = sorted(set(found) - set(known.values()))
    for key in gone:
        print(f"FAIL an entry of {path} names a mutant that does not exist any more: {key}")
    result = 0
    if command == "run":
        chosen, part, parts, jobs, folder = rest
        chosen = json.loads(pathlib.Path(chosen).read_text())[int(part) :: int(parts)]
        try:
            ends = run(known, chosen, int(jobs), pathlib.Path(folder))
        except DoesNotCompile as error:
            print(f"FAIL {error}")
            return 1
        result = judge(found, ends)
    return 1 if gone else result


if __name__ == "__main__":
    if len(sys.argv) != {"check": 4, "run": 9}.get(sys.argv[1] if len(sys.argv) > 1 else ""):
        usage(__doc__.split("\n\n")[1])
    sys.exit(main(*sys.argv[1:]))
