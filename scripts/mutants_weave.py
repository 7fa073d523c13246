"""Puts many mutants of the emulator into one copy of its sources, so that one build is enough for all of them.

A function with mutants becomes a choice between its bodies:

    match crate::mutant(3) {
        17 => { the body of mutant 17 }
        _ => { the original }
    }

`crate::mutant`, which is added to lib.rs, reads the number of the mutant from the environment, and notes which functions are
called at all. A mutant that does not compile is left out, and the build is repeated.
"""

import collections
import json
import os
import pathlib
import subprocess

# The functions that are called are written to this file by the original.
SWITCH = """
/// The number of the mutant that runs; 0 is the original.
pub(crate) fn mutant(function: usize) -> u32 {
    use std::io::Write;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};
    static CHOSEN: LazyLock<u32> =
        LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0));
    static CALLED: [AtomicBool; FUNCTIONS] = [const { AtomicBool::new(false) }; FUNCTIONS];
    if !CALLED[function].swap(true, Ordering::Relaxed)
        && let Ok(path) = std::env::var("MUTANT_CALLED")
        && let Ok(mut file) = std::fs::File::options().append(true).create(true).open(path)
    {
        let _ = file.write_all(format!("{function}\\n").as_bytes());
    }
    *CHOSEN
}
"""

# The crate root, in which the switch is.
ROOT = "conformance/emulator/src/lib.rs"


class DoesNotCompile(Exception):
    """The copy does not compile, and no mutant is to blame."""


class Weave:
    """The mutants of a list in a copy of the sources. Mutant N is the one at the index N - 1."""

    def __init__(self, tree, mutants):
        self.tree = pathlib.Path(tree)
        self.mutants = mutants
        self.texts = {file: (self.tree / file).read_text() for file in {mutant["file"] for mutant in mutants} | {ROOT}}
        self.functions = self._functions()
        # A constant has one value, and the bodies of a function that returns `impl` have several types: each is built alone.
        self.alone = {
            number
            for (file, start, end), numbers in self.functions.items()
            for number in numbers
            if not mutants[number - 1]["function"] or "-> impl " in self.texts[file][start:end].split("{")[0]
        }
        self.not_viable = set()
        self.lines = {}

    def _functions(self):
        """The numbers of the mutants in each outermost function, or changed expression outside of one: file, start and end."""
        spans = {
            number: (mutant["file"], *self._span(mutant, (mutant["function"] or mutant)["span"]))
            for number, mutant in self._all()
        }
        found = collections.defaultdict(list)
        for number, (file, start, end) in spans.items():
            outer = [span for span in spans.values() if span[0] == file and span[1] <= start and end <= span[2]]
            found[max(outer, key=lambda span: span[2] - span[1])].append(number)
        return dict(sorted(found.items()))

    def _all(self):
        return enumerate(self.mutants, 1)

    def _span(self, mutant, span):
        """The offsets of a span, whose lines and columns count from one."""
        lines = self.texts[mutant["file"]].splitlines(keepends=True)
        place = lambda at: sum(map(len, lines[: at["line"] - 1])) + at["column"] - 1
        return place(span["start"]), place(span["end"])

    def _body(self, number, start, end):
        """The text of a function with one mutant."""
        mutant = self.mutants[number - 1]
        text = self.texts[mutant["file"]]
        first, last = self._span(mutant, mutant["span"])
        return text[start:first] + mutant["replacement"] + text[last:end]

    def write(self, only=None):
        """Writes the sources: with all mutants that may be viable, or with one alone in place of the original."""
        edits, self.lines = collections.defaultdict(list), {}
        for index, ((file, start, end), numbers) in enumerate(self.functions.items()):
            text = self.texts[file][start:end]
            if only in numbers:
                edits[file].append((start, end, [(only, self._body(only, start, end))]))
            elif only is None and (viable := [n for n in numbers if n not in self.not_viable | self.alone]):
                head = text.index("{")
                parts = [(None, f"{text[:head]}{{ match crate::mutant({index}) {{\n")]
                parts += [part for n in viable for part in self._arm(n, self._body(n, start, end)[head:])]
                parts.append((None, f"_ => {text[head:]}\n}} }}"))
                edits[file].append((start, end, parts))
        for file, text in self.texts.items():
            parts, at = [], 0
            for start, end, woven in edits[file]:
                parts += [(None, text[at:start]), *woven]
                at = end
            parts.append((None, text[at:]))
            if file == ROOT:
                parts.append((None, SWITCH.replace("FUNCTIONS", str(len(self.functions)))))
            line = 1
            for number, part in parts:
                count = part.count("\n")
                if number:
                    self.lines.setdefault(file, []).append((line, line + count, number))
                line += count
            self._save(self.tree / file, "".join(part for _, part in parts))

    @staticmethod
    def _arm(number, body):
        return [(None, f"{number} =>\n"), (number, body), (None, "\n")]

    @staticmethod
    def _save(path, text):
        # A file that stays as it is keeps its time, so that cargo compiles nothing again.
        if path.read_text() != text:
            path.write_text(text)

    def build(self, command, log):
        """Builds the copy until everything that is left compiles. Returns the path of the program."""
        while True:
            self.write()
            program, wrong = self._compile(command, log)
            if program:
                return program
            if not wrong - self.not_viable:
                raise DoesNotCompile(f"the emulator with its mutants does not compile; see {log}")
            self.not_viable |= wrong

    def build_alone(self, number, command, log):
        """Builds one mutant in place of the original. Returns the path of the program; none if it does not compile."""
        self.write(only=number)
        return self._compile(command, log)[0]

    def called(self, path):
        """The mutants in functions that the original called."""
        called = {int(line) for line in pathlib.Path(path).read_text().split()}
        return {number for at, numbers in enumerate(self.functions.values()) if at in called for number in numbers}

    def _compile(self, command, log):
        """The program, or the numbers of the mutants that the compiler refuses."""
        with open(log, "a") as errors:
            done = subprocess.run(
                [*command, "--message-format=json"], cwd=self.tree, stdout=subprocess.PIPE, stderr=errors, env=os.environ
            )
            program, wrong = None, set()
            for line in done.stdout.splitlines():
                message = json.loads(line)
                if message["reason"] == "compiler-artifact":
                    program = message.get("executable") or program
                if message["reason"] == "compiler-message" and message["message"]["level"] == "error":
                    errors.write(message["message"]["rendered"])
                    wrong |= set(self._blamed(message["message"]))
        return (program, wrong) if done.returncode == 0 else (None, wrong)

    def _blamed(self, message):
        for span in (span for span in message["spans"] if span["is_primary"]):
            for first, last, number in self.lines.get(span["file_name"], []):
                if first <= span["line_start"] <= last:
                    yield number
