"""Wrong backward passes: mutants, which of their lines may be blamed, and what is said of them."""
import math
import os
import random
import re
from collections import Counter

from families import families
from generic import generic
from kinds import BY_NAME
from language import Evaluator, Floats, Line, Model, Wrong, reads, run_block

HERE = os.path.dirname(os.path.abspath(__file__))

# A gradient is wrong if an entry differs by more than the check's own allowance, twice over; below
# EQUAL the mutant is no mistake at this point; between the two it is faint, and counted apart.
ALLOWANCE, FLOOR, EQUAL = 2e-5, 2e-9, 1e-6


def off(got, want):
    """How far two tensors are apart, entry by entry, relative to the entry; inf for nan."""
    worst = 0.0
    if got[:2] != want[:2]:
        return math.inf
    for g, n in zip(got[2], want[2]):
        if not math.isfinite(g):
            return math.inf
        gap = abs(g - n)
        if gap > FLOOR:
            worst = max(worst, gap / max(abs(g), abs(n)))
    return worst


class Base:
    """A right model, its values and gradients, and the mistakes that were written beside it."""

    def __init__(self, name, text, shift=0):
        self.name = name
        self.head, self.lines, self.wrong = split(text, shift)
        self.model = Model(self.text(self.lines))
        self.values, self.grads = self.model.gradients()
        self.block = [Line(line) for line in self.lines]
        self.trace = []
        self.final = run_block(self.block, self.values, self.model.loss, None, self.trace)
        self.shares = [self.side(line, names) for line, names in zip(self.block, self.trace)]
        for param in self.model.params():
            if off(self.final["d" + param], self.grads[param]) > 1e-9:
                raise Wrong("%s: the model itself is wrong in d%s" % (name, param))

    def side(self, line, names):
        """The value of a line's right side."""
        return Evaluator(Floats()).run(line.tree, names)

    def is_gradient(self, name):
        """Whether a name is the gradient of a node, so that it has a value that it must have."""
        return name[0] == "d" and name[1:] in self.values

    def text(self, lines):
        return "\n".join(self.head + ["backward"] + ["  " + line for line in lines] + ["end", ""])

    def distance(self, lines, patches=None):
        """The largest relative difference among the params' gradients of another block."""
        final = run_block(lines, self.values, self.model.loss, patches)
        return max(off(final["d" + p], self.grads[p]) for p in self.model.params())


def split(text, shift):
    """The forward part, the block's lines, and mistakes: (kind, {index: lines instead})."""
    head, lines, wrong, inside = [], [], [], False
    for raw in text.strip().split("\n"):
        line = raw.strip()
        if line.startswith("~~"):
            kind, lines_ = line[2:].split("|", 1)
            wrong.append((kind.strip(), by_target(lines, lines_)))
        elif line.startswith("~"):
            kind, instead = (part.strip() for part in line[1:].split("|", 1))
            instead = [] if instead == "-" else [each.strip() for each in instead.split(";;")]
            wrong.append((kind, {len(lines) - 1: instead}))
        elif line == "backward":
            inside = True
        elif line == "end" and inside:
            inside = False
        elif inside:
            lines.append(line)
        elif line.startswith("seed"):
            head.append("seed %d" % (int(line.split()[1]) + shift))
        else:
            head.append(line)
    return head, lines, wrong


def by_target(lines, text):
    instead = {}
    for each in text.split(";;"):
        target = each.split("=")[0].strip()
        at = [i for i, line in enumerate(lines) if Line(line).target == target][-1]
        instead[at] = [each.strip()]
    return instead


class Mutant:
    """A base with some of its lines replaced.

    origin: which of the base's lines each line stands for, None for one that was put in.
    """

    def __init__(self, base, kind, instead):
        self.base, self.kind, self.instead = base, BY_NAME[kind], instead
        self.lines, self.guilty, self.origin = [], set(), []
        for at, line in enumerate(base.lines):
            new = instead.get(at, [line])
            if at in instead:
                self.guilty.update(range(len(self.lines), len(self.lines) + len(new)))
            self.origin.extend([None] * (len(new) - 1) + [at] * bool(new))
            self.lines.extend(new)
        self.block = [Line(line) for line in self.lines]
        self.distance = base.distance(self.block)
        self.right = None

    def text(self):
        return self.base.text(self.lines)

    def blamable(self):
        """The lines that a report may name.

        The changed ones; where a line is left out, the others with its target; a line after the
        changed one whose repair alone makes every gradient right, if what it reads is wrong only in
        helpers, which are the gradient of no node and so have no value that they must have; and a
        helper before it that would do so by the inverse of the factor.
        """
        if self.right is None:
            self.right = set(self.guilty) | self.same_target() | self.equivalent()
        return self.right

    def same_target(self):
        """Lines that a missing share may be missing from, and twins of a doubled line."""
        out = set()
        for at, new in self.instead.items():
            target = self.base.block[at].target
            if not new:
                out |= {i for i, line in enumerate(self.block) if line.target == target}
        if self.kind.name == "double-count":
            texts = {self.lines[i] for i in self.guilty}
            out |= {i for i, line in enumerate(self.lines) if line in texts}
        return out

    def equivalent(self):
        base, out, trace = self.base, set(), []
        run_block(self.block, base.values, base.model.loss, None, trace)
        fixes = {i: base.shares[self.origin[i]] for i in self.guilty if self.origin[i] is not None}
        groups = [{i: v for i, v in fixes.items() if i != spared} for spared in fixes] or [{}]
        if len(groups) == 1:
            groups = [{}]
        factor = self.factor(trace)
        for at, line in enumerate(self.block):
            origin = self.origin[at]
            if at in self.guilty or origin is None:
                continue
            wrong = [name for name in reads(line.tree) if name in base.trace[origin] and
                     off(trace[at][name], base.trace[origin][name]) > EQUAL]
            value = base.shares[origin]
            if wrong:
                if any(base.is_gradient(name) for name in wrong):
                    continue
            elif base.is_gradient(line.target) or not factor:
                continue
            else:
                value = (value[0], value[1], [x / factor for x in value[2]])
            for group in groups:
                if at not in group and base.distance(self.block, {**group, at: value}) < 1e-8:
                    out.add(at)
        return out

    def factor(self, trace):
        """By what the one changed line's result is too large, if that is a factor at all."""
        if len(self.guilty) != 1:
            return None
        at = min(self.guilty)
        want = self.base.shares[self.origin[at]]
        got = self.base.side(self.block[at], trace[at])
        ratios = [g / n for g, n in zip(got[2], want[2]) if n]
        if got[:2] != want[:2] or not ratios or not ratios[0]:
            return None
        even = max(ratios) - min(ratios) < 1e-9 * abs(ratios[0])
        return ratios[0] if even else None

    def label(self):
        change = " ;; ".join(line for at in sorted(self.instead) for line in
                             (self.instead[at] or ["(left out) " + self.base.lines[at]]))
        return "%s: %s: %s" % (self.base.name, self.kind.name, change)


def right_texts():
    """Names and texts of all right models: the written ones and the families."""
    texts = []
    folder = os.path.join(HERE, "wrong")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="ascii") as file:
            parts = re.split(r"^== *(\S+)\n", file.read(), flags=re.M)[1:]
        texts.extend(zip(parts[::2], parts[1::2]))
    return texts + families()


def load(shift=0):
    return [Base(name, text, shift) for name, text in right_texts()]


class Sample:
    """Mutants in an order that has every kind and every model in turn, as many as are wanted.

    common(mutant) tells whether the catalogue has it in the same words; such are left out.
    """

    def __init__(self, bases, count, seed, common):
        self.left_out, self.broken, self.chosen = Counter(), [], []
        seen = set()
        for base, kind, instead in ordered(bases, seed):
            if len(self.chosen) >= count:
                break
            try:
                mutant = Mutant(base, kind, instead)
            except Wrong as why:
                self.broken.append("%s: %s: %s: %s" % (base.name, kind, instead, why))
                continue
            why = ("the same as another" if mutant.text() in seen else
                   "equal at the point" if mutant.distance <= EQUAL else
                   "too faint for the check" if mutant.distance <= ALLOWANCE else
                   "in the catalogue's own words" if common(mutant) else None)
            seen.add(mutant.text())
            if why:
                self.left_out[why] += 1
            else:
                self.chosen.append(mutant)


def ordered(bases, seed):
    """All mistakes, the kinds in turn, more often where a kind has many."""
    pools = {}
    for base in bases:
        source = random.Random("%s %d" % (base.name, seed))
        for kind, instead in base.wrong + generic(base, source):
            pools.setdefault(kind, []).append((base, kind, instead))
    source = random.Random(seed)
    for name in sorted(pools):
        source.shuffle(pools[name])
    share = {name: 1 + len(pool) // 40 for name, pool in pools.items()}
    while any(pools.values()):
        for name in sorted(pools, key=lambda n: (-share[n], n)):
            for _ in range(share[name]):
                if pools[name]:
                    yield pools[name].pop()


# ---- what was said

ADVICE = re.compile(r"(: )?look (at|near|on)\b.*", re.S)


class Said:
    """gradwalk's answer to a mutant, and what it is worth."""

    def __init__(self, program, mutant, with_text=False):
        self.mutant, self.program = mutant, program
        self.json, self.trouble = program.answer("check", mutant.text())
        self.text = program.report(mutant.text()) if with_text else ""
        self.verdict = self.json["verdict"] if self.json else "trouble"
        self.untrue = []
        self.line, self.extra = self.judge_lines()
        self.kind = self.judge_kind()

    def judge_lines(self):
        """The verdict on the first wrong line, and innocent ones among the rest."""
        if not self.json or not self.json.get("wrong_lines"):
            return "none", []
        ok = self.mutant.blamable()
        named = [set(each["rules"]) for each in self.json["wrong_lines"]]
        extra = [self.mutant.lines[min(each)] for each in named[1:] if not each & ok]
        first = named[0]
        if not first & ok:
            return "innocent", extra
        return ("right" if first <= ok else "one of %d" % len(first)), extra

    def names(self):
        kinds = [each.get("kind") for each in self.json["findings"]]
        kinds += [each.get("kind") for each in self.json["wrong_lines"][:1]]
        return [name.replace(" ", "-") for name in kinds if name]

    def sentences(self):
        """The findings' sentences without advice and without the lines that they quote."""
        out = []
        for finding in self.json["findings"]:
            sentence = ADVICE.sub("", finding["sentence"])
            for line in self.mutant.lines:
                sentence = sentence.replace(line, "")
            out.append(sentence)
        return out

    def judge_kind(self):
        if not self.json or self.verdict != "FAIL":
            return False
        kind = self.mutant.kind
        if any(name in kind.names for name in self.names()):
            return True
        return bool(kind.words) and any(re.search(kind.words, s) for s in self.sentences())

    def other_kind(self):
        """The catalogue's kind that is named at the line, where the judge expects another."""
        lines = self.json["wrong_lines"][:1] if self.json else []
        kind = lines[0].get("kind") if lines else None
        return kind if kind and kind not in self.mutant.kind.names else None

    def failures(self):
        out = []
        if self.verdict == "PASS":
            out.append("passed")
        elif self.verdict != "FAIL":
            out.append(self.verdict)
        if self.line != "right":
            out.append("line: " + self.line)
        if self.extra:
            out.append("innocent beside it")
        if self.mutant.kind.ours and not self.kind:
            out.append("kind not named")
        if self.other_kind():
            out.append("another kind is: " + self.other_kind())
        out.extend("untrue (%s): %s" % each for each in self.untrue)
        return out

    def show(self):
        mutant = self.mutant
        self.text = self.text or self.program.report(mutant.text())
        body = [">> %s" % mutant.label(), "   %s" % "\n   ".join(self.failures()),
                "   may be named: " + " | ".join(mutant.lines[i]
                                                 for i in sorted(mutant.blamable()))]
        if self.json:
            body.append("   named: " + " | ".join(
                " or ".join(each["lines"]) + (" [%s]" % each["kind"] if each.get("kind") else "")
                for each in self.json["wrong_lines"]))
            body.append("   kinds said: " + ", ".join(self.names()))
        else:
            body.append("   " + self.trouble)
        return "\n".join(body + ["", mutant.text(), self.text, ""])
