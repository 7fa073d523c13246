"""Judges a run of cargo-mutants by the verdicts of the suite, and compares its survivors with conformance/mutants.toml.

usage: mutants.py check ENTRIES ALL      are the entries well-formed, and do their mutants exist?
       mutants.py judge ENTRIES ALL OUT… the score of a run, and what differs from the entries

ALL is the list of every mutant (`cargo mutants --list --json`), OUT a folder
with the results of a job. Exit codes: 0 nothing differs;
1 something differs, or the endpoint without a mutation does not conform; 2 an entry is not well-formed.
"""

import collections
import json
import pathlib
import re
import sys
import tomllib

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


def verdict_in(log):
    """The verdict of the suite in a log; empty if there is none."""
    found = re.findall(r"^verdict: (.*)$", log.read_text(errors="replace"), re.MULTILINE) if log.exists() else []
    return found[-1] if found else ""


def end(outcome, folder):
    """What became of a mutant, and the verdict of the suite."""
    verdict = verdict_in(folder / outcome["log_path"])
    match outcome["summary"]:
        case "Unviable":
            return "not viable", ""
        case "Timeout":
            return "timed out", ""
        case "CaughtMutant" if verdict.startswith("killed"):
            return "killed", verdict
        case "MissedMutant" if verdict.startswith("conforming"):
            return "conforming", verdict
        case "MissedMutant" if verdict:
            return "incomplete", verdict
        case _:
            return "crashed", verdict or "the suite ended without a verdict"


def judge(entries, keys, folders):
    ends = {}
    for folder in folders:
        original = verdict_in(folder / "original.log")
        if not original.startswith("conforming"):
            print(f"FAIL the emulator does not conform as it is: {original or 'it does not compile'}")
            return 1
        results = folder / "mutants.out"
        for outcome in json.loads((results / "outcomes.json").read_text())["outcomes"]:
            if outcome["scenario"] != "Baseline":
                ends[keys[place(outcome["scenario"]["Mutant"])]] = end(outcome, results)
    survivors = {key: came for key, came in ends.items() if came[0] in SURVIVED}
    known = collections.Counter(entries[key]["class"] for key in survivors if key in entries)
    for key in sorted(ends):
        became, verdict = ends[key]
        of = entries[key]["class"] if key in entries and key in survivors else ""
        print(f"{became:<11} {of:<10} {key}" + (f"  [{verdict}]" if verdict else ""))
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


def main(command, path, list_path, *folders):
    with open(list_path) as file:
        known = keys(json.load(file))
    found = entries(path)
    gone = sorted(set(found) - set(known.values()))
    for key in gone:
        print(f"FAIL an entry of {path} names a mutant that does not exist any more: {key}")
    result = judge(found, known, [pathlib.Path(folder) for folder in folders]) if command == "judge" else 0
    return 1 if gone else result


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in ("check", "judge"):
        usage(__doc__.split("\n\n")[1])
    sys.exit(main(*sys.argv[1:]))
