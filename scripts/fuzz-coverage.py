"""Lines that the committed fuzz inputs reach, by area: a table from the JSON summary of `llvm-cov export`."""

import json
import re
import sys

# What reads, validates or checks what somebody else wrote. The rest is listed and not counted.
AREAS = [
    ("decode: wire", r"model/src/wire/.*"),
    ("decode: models", r"model/src/(ast|load)\.rs|model/src/(lower|import)/.*"),
    ("decode: JSON", r"model/src/semantics/json\.rs"),
    ("validate", r"model/src/(validate\.rs|constraint/.*)"),
    ("check: patterns", r"model/src/pattern/(language|matcher|mod)\.rs"),
    ("check: flows", r"model/src/semantics/flow/(check/.*|document\.rs)"),
    ("check: rules", r"model/src/semantics/rule/(contract\.rs|function/(check|read|model|operands|filters|paths)\.rs)"),
    ("emulator: search", r"conformance/src/emulator/search\.rs"),
]
GOAL = 90.0


def main(path: str) -> int:
    files = {
        re.sub(r"^.*?/(?=(model|conformance|fuzz)/src/)", "", entry["filename"]): entry["summary"]["lines"]
        for entry in json.load(open(path, encoding="utf-8"))["data"][0]["files"]
    }
    counted = covered = 0
    for area, pattern in AREAS:
        chosen = {name: lines for name, lines in files.items() if re.fullmatch(pattern, name)}
        if not chosen:
            print(f"{area}: no file matches {pattern}", file=sys.stderr)
            return 2
        count = sum(lines["count"] for lines in chosen.values())
        hit = sum(lines["covered"] for lines in chosen.values())
        counted, covered = counted + count, covered + hit
        print(f"{area:<20} {hit:>6} of {count:>6} lines  {100 * hit / count:5.1f} %")
        for name, lines in sorted(chosen.items(), key=lambda item: item[1]["percent"]):
            if lines["percent"] < GOAL:
                print(f"    {lines['percent']:5.1f} %  {name}, {lines['count'] - lines['covered']} lines missed")
    percent = 100 * covered / counted
    print(f"{'all of these':<20} {covered:>6} of {counted:>6} lines  {percent:5.1f} %  (goal {GOAL:.0f} %)")
    return 0 if percent >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
