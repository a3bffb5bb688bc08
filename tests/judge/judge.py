#!/usr/bin/env python3
"""Judges gradwalk from outside: what it computes, and what it says of wrong backward passes.

  judge.py --wrong BINARY [--count=N] [--seed=S] [--show=K] [--failures=FILE]   wrong passes
  judge.py --right BINARY [--count=N] [--seed=S] [--show=K] [--failures=FILE]   right models
  judge.py --words BINARY [--count=N] [--seed=S] [--show=K]                    contradictions
  judge.py --self [--count=N] [--seed=S]                                        the judge itself
  judge.py --kinds                                                              KINDS.md
"""
import argparse
import glob
import json
import os
import random
import sys
import time
from collections import Counter

from contradictions import Facts, ReportFacts, contradictions
from itself import judge_self
from kinds import KINDS
from language import Line, Wrong
from program import Program
from right import Tally, judge_model
from wrong import Said, Sample, load

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def percent(part, whole):
    return "%5.1f %%" % (100.0 * part / whole) if whole else "    -"


def catalogue(program, base):
    """The lines of the catalogue's own mutants of a model, as trees."""
    bugs, _ = program.answer("bugs", base.text(base.lines))
    return {(Line(line).target, repr(Line(line).tree)) for bug in bugs or []
            for line in bug["lines"] if "=" in line}


def is_catalogue(mutant, trees):
    if len(mutant.instead) != 1:
        return False
    lines = list(mutant.instead.values())[0]
    return len(lines) == 1 and (Line(lines[0]).target, repr(Line(lines[0]).tree)) in trees


def judge_wrong(options):
    program = Program(options.wrong)
    bases = load(options.seed - 1)
    own = {}

    def common(mutant):
        name = mutant.base.name
        if name not in own and not options.common:
            own[name] = catalogue(program, mutant.base)
        return not options.common and is_catalogue(mutant, own[name])
    sample = Sample(bases, options.count, options.seed, common)
    for each in sample.broken:
        print("cannot be run, so not a mutant: " + each)
    models = {m.base.name: size(m.base) for m in sample.chosen}
    print("\n%d models of %d to %d lines, %d kinds, of which %d are ours to name"
          % (len(models), min(models.values()), max(models.values()),
             len({m.kind.name for m in sample.chosen}),
             len({m.kind.name for m in sample.chosen if m.kind.ours})))
    print("left out: " + ", ".join("%d %s" % (n, why) for why, n in sample.left_out.most_common()))
    answers = []
    for at, mutant in enumerate(sample.chosen):
        answers.append(Said(program, mutant, True))
        answers[-1].untrue = contradictions(Facts(mutant), answers[-1])
        if sys.stderr.isatty() and at % 10 == 0:
            print("\r%d of %d" % (at, len(sample.chosen)), end="", file=sys.stderr)
    return report(options, answers)


class Report:
    """A report on a mutant of the catalogue, for the search for contradictions."""

    def __init__(self, answer, text, label):
        self.json, self.text, self.label = answer, text, label


def judge_words(options):
    """Contradictions in the reports on the catalogue's mutants of all lessons and models."""
    program, source = Program(options.words), random.Random(options.seed)
    files = sorted(glob.glob(os.path.join(TOP, "data/models/*.gw")) +
                   glob.glob(os.path.join(TOP, "lessons/[0-9]*.md")))
    places = []
    for name in files:
        status, out, _ = program.call(["bugs", name, "--json"])
        ids = [bug["id"] for bug in json.loads(out)] if status == 0 else []
        places.extend((name, each) for each in ids)
    places = source.sample(places, min(options.count, len(places)))
    failing, found = 0, []
    for name, bug in places:
        arguments = ["check", name, "--bug=" + bug, "--freeze"]
        _, out, _ = program.call(arguments + ["--json"])
        try:
            answer = json.loads(out)
        except ValueError:
            continue
        if answer["verdict"] != "FAIL":
            continue
        failing += 1
        with open(name, encoding="utf-8") as file:
            facts = ReportFacts(file.read(), answer, bug)
        said = Report(answer, program.call(arguments)[1],
                      "%s --bug=%s" % (os.path.relpath(name, TOP), bug))
        found.extend((said, each) for each in contradictions(facts, said))
    print("\nreports on the catalogue's mutants          %6d, %d of them failing, of %d files"
          % (len(places), failing, len(files)))
    print("  reports with something untrue  (0)      %6d" % len({said.label for said, _ in found}))
    for said, (rule, words) in found[:max(options.show, 5)]:
        print("  %s\n    %s: %s" % (said.label, rule, words))
    return not found


def judge_right(options):
    program, tally = Program(options.right), Tally()
    models, seed = options.count, 1000000 * options.seed
    until = time.monotonic() + 60 * options.minutes
    while tally.models < models and time.monotonic() < until:
        try:
            judge_model(program, tally, seed)
        except Wrong as why:
            tally.broken.append(str(why))
        seed += 1
    return report_right(options, tally)


def report_right(options, tally):
    checked = sum(tally.verdicts.values())
    print("\nright models                     judged   %6d" % tally.models)
    print("  entries of gradients compared           %6d" % tally.entries)
    print("  entries confirmed by a complex step     %6d" % tally.confirmed)
    print("  wrong gradients                (0)      %6d" % len(tally.wrong))
    for verdict, count in tally.verdicts.most_common():
        print("  verdict %-24s        %6d  %s" % (verdict, count, percent(count, checked)))
    for name, count in tally.zero.most_common():
        print("    %s, though some param's gradient is not 0 %3d" % (name, count))
    for each in tally.broken[:3]:
        print("the judge is at fault: " + each)
    if options.failures:
        with open(options.failures + ".right", "w", encoding="utf-8") as file:
            file.write("\n".join(tally.wrong + [text for _, text in sorted(tally.bad)]))
        print("what was not passed is in %s.right" % options.failures)
    for text in (tally.wrong + [text for verdict, text in sorted(tally.bad)])[:options.show]:
        print(text)
    good = not (tally.wrong or tally.verdicts["FAIL"] or tally.verdicts["trouble"]
                or tally.broken)
    print("\nthe right models: %s" % ("as promised" if good else "not as promised"))
    return good


def size(base):
    return len(base.head) + len(base.lines)


def report(options, answers):
    failed = [a for a in answers if a.failures()]
    failed.sort(key=lambda a: (a.verdict != "PASS", a.line != "innocent", a.line))
    if options.failures:
        with open(options.failures + ".wrong", "w", encoding="utf-8") as file:
            file.write("\n".join(a.show() for a in failed))
    n = len(answers)
    line = Counter(a.line.split(" ")[0] for a in answers)
    verdicts = Counter(a.verdict for a in answers)
    ours = [a for a in answers if a.mutant.kind.ours]
    named = sum(a.kind for a in ours)
    innocent = sum(a.line == "innocent" or bool(a.extra) for a in answers)
    print("\nwrong passes                     counted  %6d" % n)
    for name, count in verdicts.most_common():
        print("  verdict %-24s        %6d  %s" % (name, count, percent(count, n)))
    print("  passed unsaid                  (0)      %6d" % verdicts["PASS"])
    print("  the right line                 (97 %%)   %6d  %s" % (line["right"],
                                                                  percent(line["right"], n)))
    print("  the right one among several             %6d  %s" % (line["one"],
                                                                 percent(line["one"], n)))
    print("  no line                                 %6d  %s" % (line["none"],
                                                                 percent(line["none"], n)))
    print("  an innocent accused first      (0)      %6d  %s" % (line["innocent"],
                                                                 percent(line["innocent"], n)))
    print("  an innocent accused at all     (0)      %6d  %s" % (innocent, percent(innocent, n)))
    print("  the kind, of %4d ours         (80 %%)   %6d  %s" % (len(ours), named,
                                                                 percent(named, len(ours))))
    others = Counter("%s for %s" % (a.other_kind(), a.mutant.kind.name)
                     for a in answers if a.other_kind())
    print("  another kind named than expected        %6d  %s" % (
        sum(others.values()), ", ".join("%s %d" % c for c in others.most_common(4))))
    untrue = Counter(rule for a in answers for rule in {rule for rule, _ in a.untrue})
    print("  reports with something untrue  (0)      %6d  %s" % (
        sum(bool(a.untrue) for a in answers), ", ".join("%s %d" % c for c in untrue.most_common())))
    table(answers)
    if options.failures:
        print("\n%d with something to mend are in %s.wrong" % (len(failed), options.failures))
    for answer in failed[:options.show]:
        print(answer.show())
    good = (verdicts["FAIL"] == n and innocent == 0 and not untrue and line["right"] >= 0.97 * n
            and named >= 0.8 * len(ours))
    print("\nthe wrong passes: %s" % ("as promised" if good else "not as promised"))
    return good


def table(answers):
    print("\n%-22s %5s %6s %6s %6s %6s %6s" % ("kind", "n", "right", "one of", "none", "innoc.",
                                              "kind"))
    for kind in KINDS:
        of = [a for a in answers if a.mutant.kind is kind]
        if of:
            line = Counter(a.line.split(" ")[0] for a in of)
            print("%-22s %5d %6d %6d %6d %6d %6s" % (
                kind.name, len(of), line["right"], line["one"], line["none"], line["innocent"],
                "%d" % sum(a.kind for a in of) if kind.ours else "(%d)" % sum(a.kind for a in of)))


def print_kinds():
    ours = [kind for kind in KINDS if kind.ours]
    print("# Kinds of mistakes\n")
    print("The judge makes mistakes of %d kinds. %d are ours to name: a report is expected to say\n"
          "what kind of mistake it is, by the catalogue's name (`wrong_lines[].kind`,\n"
          "`findings[].kind` in JSON) or in a sentence of a finding that the words below match.\n"
          "Advice (\"look at ...\") names nothing. `judge.py --kinds` prints this file.\n"
          % (len(KINDS), len(ours)))
    print("| kind | ours | what was done | names | words |\n|---|---|---|---|---|")
    for kind in KINDS:
        print("| %s | %s | %s | %s | %s |" % (
            kind.name, "yes" if kind.ours else "", kind.what.replace("|", "\\|"),
            ", ".join(kind.names),
            "`%s`" % kind.words.replace("|", "\\|") if kind.words else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", metavar="BINARY", help="judge what is said of wrong passes")
    parser.add_argument("--right", metavar="BINARY", help="judge what is computed of right models")
    parser.add_argument("--words", metavar="BINARY", help="judge reports on the catalogue's")
    parser.add_argument("--self", action="store_true", help="judge the judge, without a program")
    parser.add_argument("--full", action="store_true", help="10000 right, all wrong, 1000 reports")
    parser.add_argument("--common", action="store_true",
                        help="wrong passes in the catalogue's own words as well")
    parser.add_argument("--kinds", action="store_true", help="print KINDS.md")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="for right models; then report")
    parser.add_argument("--show", type=int, default=0, help="print so many failures")
    parser.add_argument("--failures", default="", metavar="FILE",
                        help="all of them, in FILE.right and FILE.wrong")
    options = parser.parse_args()
    good = True
    if options.kinds:
        print_kinds()
    for wanted, judge, full in ((options.self, judge_self, 300),
                                (options.right, judge_right, 10000),
                                (options.wrong, judge_wrong, 10000),
                                (options.words, judge_words, 1000)):
        if wanted:
            if options.full:
                options.count = full
            good = judge(options) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
