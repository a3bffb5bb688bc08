"""Sentences of a report that contradict each other, or the judge's own numbers.

Facts answers for a name whether its gradient is right, from the judge's oracle or from the tables
of the report itself; each rule below reads the report and returns what is untrue in it.
"""
import re

from language import Evaluator, Floats, Line, Wrong, reads, run_block
from program import number

NUMBER = r"(-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
NAME = r"([A-Za-z_]\w*)"
SAME = 2e-5


class Facts:
    """What the judge knows of a mutant: every gradient as it is and as it should be."""

    def __init__(self, mutant):
        base = mutant.base
        self.mutant, self.base = mutant, base
        self.trace = []
        self.final = run_block(mutant.block, base.values, base.model.loss, None, self.trace)
        self.text = mutant.text()
        self.added_penalty = mutant.kind.name == "reg-on-bias"

    def pair(self, name):
        """(as it is, as it should be) of a param, a gradient or a helper; None if unknown."""
        d = name if name in self.final and name[0] == "d" and name[1:] in self.base.grads else None
        if d is None and "d" + name in self.final and name in self.base.model.params():
            d = "d" + name
        if d:
            return self.final[d], self.base.grads[d[1:]]
        if name in self.final and name in self.base.final and name not in self.base.values:
            return self.final[name], self.base.final[name]
        return None

    def right(self, name):
        """By the numerical gradient alone; None if unknown."""
        pair = self.pair(name)
        return None if pair is None else same(*pair)

    def as_meant(self, name):
        """Right, or as the right model has it: a 1/m that comes later is no mistake."""
        if name in self.final and name in self.base.final and \
                same(self.final[name], self.base.final[name]):
            return True
        return self.right(name)

    def is_noise(self, name):
        """Whether both sides are rounding and no more."""
        pair = self.pair(name)
        return pair is not None and max(map(abs, pair[0][2] + pair[1][2])) < 1e-9

    def shape(self, name):
        value = self.base.values.get(name) or self.final.get(name)
        return value[:2] if value else None

    def params(self):
        return self.base.model.params()

    def line_reads(self, at):
        """Whether all that a line reads is right; None for a line that was put in."""
        origin = self.mutant.origin[at]
        if origin is None:
            return None
        for name in reads(self.mutant.block[at].tree):
            want = self.base.trace[origin].get(name)
            got = self.trace[at].get(name)
            if want is None or got is None:
                continue
            if got[:2] != want[:2] or not all(agrees(g, n) for g, n in zip(got[2], want[2])):
                return False
        return True

    def line_ratio(self, at):
        """The range of the line's result over what it should be, entry by entry."""
        origin, line = self.mutant.origin[at], self.mutant.block[at]
        if origin is None:
            return None
        got = Evaluator(Floats()).run(line.tree, self.trace[at])
        want = self.base.shares[origin]
        if self.base.is_gradient(line.target) and not self.mutant.kind.name == "overwrite":
            node = self.base.grads[line.target[1:]]
            if self.last(at) and not line.adds:
                want = node
        return ratios(got, want)

    def last(self, at):
        target = self.mutant.block[at].target
        return all(line.target != target for line in self.mutant.block[at + 1:])


class ReportFacts:
    """What a report's own tables say, where the judge has no model of its own."""

    def __init__(self, text, answer, label):
        self.mutant, self.text = None, text
        self.added_penalty = "regularisation-one-side" in label
        self.tensors = {t["name"]: t for t in answer["tensors"]}
        self.between = {"d" + t["name"]: t for t in answer.get("intermediates", [])}

    def pair(self, name):
        return None

    def right(self, name):
        if name in self.tensors or name[1:] in self.tensors:
            verdict = self.tensors.get(name, self.tensors.get(name[1:]))["verdict"]
            return {"PASS": True, "FAIL": False}.get(verdict)
        if name in self.between:
            difference = number(self.between[name]["difference"])
            return True if difference < 1e-6 else False if difference > 1e-4 else None
        return None

    def as_meant(self, name):
        """Of a constant multiple nothing is known: it may be as its author meant it."""
        between = self.between.get(name)
        return None if between and abs(number(between["cosine"])) > 1 - 1e-9 else self.right(name)

    def is_noise(self, name):
        return False

    def shape(self, name):
        tensor = self.tensors.get(name) or self.between.get("d" + name)
        return tensor["shape"] if tensor else None

    def params(self):
        return list(self.tensors)

    def line_reads(self, at):
        return None

    def line_ratio(self, at):
        return None


def same(got, want):
    return got[:2] == want[:2] and all(agrees(g, n) for g, n in zip(got[2], want[2]))


def agrees(g, n):
    return abs(g - n) <= 1e-8 + SAME * max(abs(g), abs(n))


def ratios(got, want):
    if got[:2] != want[:2]:
        return None
    top = max(map(abs, want[2]), default=0)
    out = [g / n for g, n in zip(got[2], want[2]) if abs(n) > 1e-6 * top and n]
    if any(abs(g) > 1e-6 * top for g, n in zip(got[2], want[2]) if abs(n) <= 1e-6 * top):
        out.append(float("inf"))
    return (min(out), max(out)) if out else None


def is_factor(found, k):
    return found is None or all(abs(r - k) <= 2e-3 * max(1, abs(k)) for r in found)


# ---- rules: each yields what is untrue

def names_called_right(facts, said):
    for finding in said.json["findings"]:
        text = finding["sentence"]
        for pattern in (NAME + r" beside it is right", r"so " + NAME + r" is right",
                        r"so " + NAME + r", from which both are made, is right",
                        r"; " + NAME + r" is right, so"):
            for name in re.findall(pattern, text):
                if facts.as_meant(name) is False:
                    yield "%s is not right: %s" % (name, text)
                if name in targets(said.json["wrong_lines"]):
                    yield "%s is called right and its line wrong: %s" % (name, text)


def targets(wrong_lines):
    """What surely wrong lines assign."""
    return {Line(each["lines"][0]).target for each in wrong_lines if len(each["lines"]) == 1}


def every_entry(facts, said):
    for finding in said.json["findings"]:
        match = re.search(r"every entry is " + NUMBER + " times", finding["sentence"])
        for name in finding["tensors"] if match else ():
            pair = facts.pair(name)
            if pair and not is_factor(ratios(*pair), float(match.group(1))):
                yield "not every entry of %s: %s; %s" % (name, finding["sentence"], ratios(*pair))


def reads_right(facts, said):
    lines = said.json["wrong_lines"]
    sentences = [f["sentence"] for f in said.json["findings"] if f["kind"] == "line"]
    if not lines or len(lines[0]["rules"]) != 1:
        return
    at = lines[0]["rules"][0]
    for text in sentences:
        if "what it reads is right" in text and facts.line_reads(at) is False:
            yield "%s reads what is wrong: %s" % (lines[0]["lines"][0], text)
        match = re.search(r"what it makes is " + NUMBER + " times", text)
        if match and not is_factor(facts.line_ratio(at), float(match.group(1))):
            yield "%s does not make that: %s; %s" % (lines[0]["lines"][0], text,
                                                     facts.line_ratio(at))


def between(facts, said):
    """The list of gradients between, and the line named above it."""
    blamed = targets(said.json["wrong_lines"][:1])
    lawless = any(t.get("broken_law") for t in said.json["tensors"])  # wrong in a second pass only
    for each in said.json.get("intermediates", []):
        name = "d" + each["name"]
        difference = number(each["difference"])
        good = difference < 1e-6
        if facts.right(name) is not None and facts.right(name) != good and \
                not 1e-8 < difference < 1e-4 and not facts.is_noise(name):
            yield "%s: said %s, is not so" % (name, "to agree" if good else "to differ")
        if name in blamed and good and not lawless:
            yield "%s agrees, and its line is named first" % name


def unknown_names(facts, said):
    known = set(re.findall(r"[A-Za-z_]\w*", facts.text))
    for finding in said.json["findings"]:
        for name in re.findall(r"\b[A-Za-z]\w*_\d+\b", finding["sentence"]):
            if name not in known:
                yield "%s is nobody's name: %s" % (name, finding["sentence"])


def sizes(facts, said):
    """A size that is blamed must be there, be that number, and stand to reason."""
    no_mean = ("two-missing", "two-factor", "double-count", "learning-rate", "sign", "stale")
    for finding in said.json["findings"]:
        match = re.search(NUMBER + r" is (one divided by )?the (square root of the )?number of "
                          r"(rows|columns) of " + NAME, finding["sentence"])
        if not match:
            continue
        shape = facts.shape(match.group(5))
        if shape:
            size = shape[match.group(4) == "columns"] ** (0.5 if match.group(3) else 1)
            value = 1 / size if match.group(2) else size
            if abs(value - float(match.group(1))) > 1e-3 * value:
                yield "not that size: %s" % finding["sentence"]
        if facts.mutant is not None and facts.mutant.kind.name in no_mean:
            yield "%s, and a size is blamed: %s" % (facts.mutant.kind.name, finding["sentence"])


def missing_share(facts, said):
    present = ("share-sign", "share-factor", "term-sign", "double-count", "sign")
    for finding in said.json["findings"]:
        if "brings no share" in finding["sentence"] and facts.mutant is not None and \
                facts.mutant.kind.name in present:
            yield "%s: the share is there: %s" % (facts.mutant.kind.name, finding["sentence"])


def penalties(facts, said):
    for finding in said.json["findings"]:
        if "regularisation term" not in finding["sentence"]:
            continue
        for name in finding["tensors"]:
            own = r"sum\((abs\()?%s\b|penalty\(%s\b|%s\^2" % (name, name, name)
            forward = re.split(r"^\s*backward\b", facts.text, flags=re.M)[0]
            biased = facts.added_penalty
            if not biased and not re.search(own, forward):
                yield "%s has no penalty: %s" % (name, finding["sentence"])


def nothing_right(facts, said):
    for finding in said.json["findings"]:
        if "no gradient is right" in finding["sentence"]:
            good = [name for name in facts.params() if facts.right(name)]
            if good:
                yield "%s is: %s" % (good[0], finding["sentence"])
        match = re.match(r"(.*) (?:is|are) wrong, what lies nearer to the loss is right.* "
                         r"from (\w+) to (\w+):", finding["sentence"])
        if match:
            for name in re.findall(r"\w+", match.group(1).replace(" and ", " ")):
                if facts.right(name):
                    yield "%s is right: %s" % (name, finding["sentence"])
            if facts.as_meant(match.group(2)) is False:
                yield "%s is wrong already: %s" % (match.group(2), finding["sentence"])
            if facts.right(match.group(3)):
                yield "%s is right still: %s" % (match.group(3), finding["sentence"])


def parts(facts, said):
    for finding in said.json["findings"]:
        entry = re.search(r"only its entry \[(\d+), (\d+)\]", finding["sentence"])
        side = re.search(r"only its (row|column) (\d+) is wrong", finding["sentence"])
        for name in finding["tensors"] if entry or side else ():
            pair = facts.pair(name)
            if not pair:
                continue
            columns = pair[0][1]
            bad = {(i // columns, i % columns) for i, (g, n) in
                   enumerate(zip(pair[0][2], pair[1][2])) if not agrees(g, n)}
            fine = (bad == {(int(entry.group(1)), int(entry.group(2)))} if entry else
                    {place[side.group(1) == "column"] for place in bad} == {int(side.group(2))})
            if not fine:
                yield "%s is wrong at %s: %s" % (name, sorted(bad), finding["sentence"])


def quoted_numbers(facts, said):
    """`at [i, j]: the backward pass says g, the numerical gradient n`, against the oracle."""
    text = re.sub(r"\n {9,}", " ", said.text)
    for name, i, j, g, n in re.findall(
            r"\n " + NAME + r"\s+at \[(\d+), (\d+)\]: the backward pass says " + NUMBER +
            r", the numerical gradient " + NUMBER, text):
        pair = facts.pair(name)
        if not pair:
            continue
        at = int(i) * pair[0][1] + int(j)
        for what, said_, is_ in (("backward", float(g), pair[0][2][at]),
                                 ("numerical", float(n), pair[1][2][at])):
            if abs(said_ - is_) > 1e-7 + 1e-4 * abs(is_):
                yield "%s [%s, %s] %s is %g, said %g" % (name, i, j, what, is_, said_)


RULES = (names_called_right, every_entry, reads_right, between, unknown_names, sizes, missing_share,
         penalties, nothing_right, parts, quoted_numbers)


def contradictions(facts, said):
    """[(rule's name, what is untrue)]"""
    if not said.json:
        return []
    out = []
    for rule in RULES:
        try:
            out.extend((rule.__name__, words) for words in rule(facts, said))
        except (Wrong, KeyError) as trouble:
            out.append((rule.__name__, "cannot be read: %r" % trouble))
    return out
