"""Random right models, and whether gradwalk computes and judges them rightly."""
import math
import random
from collections import Counter

from blocks import block, rewritten
from language import Evaluator, Floats, Gate, Line, Model, Wrong, parse, run_block
from patterns import PATTERNS, USER
from program import number
from wrong import Base, right_texts

ABSOLUTE, RELATIVE = 1e-9, 1e-7
NEAR_ZERO = 1e-8


class Build:
    """A model in the making: statements, what they are worth, and what their operands get."""

    def __init__(self, seed):
        self.source = random.Random("right %d" % seed)
        self.kinds, self.values, self.lines, self.gates = {}, {}, [], {}
        self.nodes = []          # (name, [(operand, what it gets)]), in order
        self.helpers = []        # (name, expression) that only the backward block needs
        self.counter = 0
        self.unused = []

    # -- what the patterns use

    def shape(self, name):
        return self.values[name][:2]

    def run(self, text):
        gates = {name: user_gate(name) for name in self.gates}
        return Evaluator(Floats(), gates).run(parse(text), self.values)

    def leaf(self, shape, kind=None):
        kind = kind or ("param" if self.source.random() < 0.7 else "data")
        name = self.name("W" if kind == "param" else "X")
        rows = [["%.3g" % (self.source.gauss(0.2, 0.8) or 0.5) for _ in range(shape[1])]
                for _ in range(shape[0])]
        text = rows[0][0] if shape == (1, 1) else "[%s]" % "; ".join(" ".join(r) for r in rows)
        self.lines.append("%s %s = %s" % (kind, name, text))
        self.values[name] = (shape[0], shape[1], [float(x) for row in rows for x in row])
        self.kinds[name] = kind
        return name

    def pick(self, shape=None):
        """A name to go on from: mostly a node that nothing has used, else any, or a new leaf."""
        fresh = [n for n in self.unused if shape in (None, self.shape(n))]
        old = [n for n in self.kinds if shape in (None, self.shape(n))]
        if fresh and self.source.random() < 0.6:
            return fresh[-1]
        if old and self.source.random() < 0.6:
            return self.source.choice(old)
        return self.leaf(shape or (self.source.randint(1, 5), self.source.randint(1, 4)))

    def pick_where(self, name, good):
        """The name if its values are good, else a quick search, else None."""
        for other in [name] + self.source.sample(sorted(self.kinds), min(3, len(self.kinds))):
            if self.shape(other) == self.shape(name) and good(self.values[other][2]):
                return other
        return None

    def helper(self, text):
        """A value that the backward block computes for itself."""
        name = self.name("k")
        self.values[name] = self.run(text)
        self.helpers.append((name, text))
        return name

    def use_gate(self, name):
        self.gates[name] = USER[name][0]

    # -- building

    def name(self, letter):
        self.counter += 1
        return "%s%d" % (letter, self.counter)

    def add(self, pattern):
        before = (dict(self.kinds), dict(self.values), list(self.lines), dict(self.gates),
                  list(self.helpers))
        made = pattern(self)
        value = self.run(made[0]) if made else None
        if not made or len(value[2]) > 30 or not all(
                math.isfinite(x) and abs(x) < 50 for x in value[2]):
            self.kinds, self.values, self.lines, self.gates, self.helpers = before
            return False
        self.node(made[0], made[1], value)
        return True

    def node(self, text, gets, value, name=None):
        name = name or self.name(self.source.choice("hzaqvy"))
        self.lines.append("%s = %s" % (name, text))
        self.values[name], self.kinds[name] = value, "node"
        self.nodes.append((name, gets))
        self.unused = [n for n in self.unused if n not in [operand for operand, _ in gets]]
        self.unused.append(name)
        return name

    def finish(self, mean):
        """One number out of all that nothing has used: the loss L, over mean if that is not 1."""
        ways = [("sum({x}^2)", "{g} * 2 * {x}"), ("sum({x} * {t})", "{g} * {t}"),
                ("mse({x}, {t})", "{g} * 2 * ({x} - {t}) / {n}"),
                ("sum(({x} - {t})^2) / {m}", "{g} * 2 / {m} * ({x} - {t})")]
        parts = []
        for x in list(self.unused):
            form, gets = self.source.choice(ways)
            if max(abs(v) for v in self.values[x][2]) > 30:
                form, gets = ways[1]
            t = self.leaf(self.shape(x), "data")
            r, c = self.shape(x)
            words = dict(x=x, t=t, n=r * c, m=r, g="{g}")
            text = form.format(**words)
            parts.append(self.node(text, [(x, gets.format(**words))], self.run(text)))
        if self.source.random() < 0.3:
            params = [n for n, kind in self.kinds.items() if kind == "param"]
            if params:
                w = self.source.choice(params)
                text = self.source.choice(["l2_penalty(%s, 0.1)", "0.05 * sum(%s^2)"]) % w
                parts.append(self.node(text, [(w, "{g} * 0.1 * %s" % w)], self.run(text)))
        text = " + ".join(parts)
        if mean > 1:
            text = "(%s) / %d" % (text, mean)
        over = " / %d" % mean if mean > 1 else ""
        self.node(text, [(x, "{g}" + over) for x in parts], self.run(text), "L")


def user_gate(name):
    return Model(USER[name][0] + "\nx = 0").gates[name]


def build(seed):
    b = Build(seed)
    for _ in range(b.source.choice([1, 2, 3, 5, 8, 12, 18])):
        for _ in range(6):
            if b.add(b.source.choice(PATTERNS)):
                break
    if not b.nodes or "param" not in b.kinds.values():
        while not b.nodes or "param" not in b.kinds.values():
            b.leaf((2, 3), "param")
            b.add(b.source.choice(PATTERNS))
    if not any(b.kinds[operand] == "param" for _, gets in b.nodes for operand, _ in gets):
        w = b.leaf(b.shape(b.unused[-1]), "param")
        b.node("%s * %s" % (b.unused[-1], w), [(b.unused[-1], "{g} * " + w),
                                               (w, "{g} * " + b.unused[-1])],
               b.run("%s * %s" % (b.unused[-1], w)))
    b.finish(b.source.choice([1, 1, 3, 5]))
    return b


def texts(seed):
    """A model's text without and with a block: (build, derived, by hand, grads are the nodes')."""
    b = build(seed)
    used = {operand for _, gets in b.nodes for operand, _ in gets}
    leaves = [l for l in b.lines if l.split()[0] in ("data", "param") and
              (l.split()[0] == "data" or l.split()[1] in used)]
    nodes = [l for l in b.lines if l.split()[0] not in ("data", "param")]
    head = "\n".join(list(b.gates.values()) + leaves + nodes) + "\n"
    lines, own_names = block(b)
    return b, head, head + "backward\n" + "".join("  %s\n" % l for l in lines) + "end\n", own_names


# ---- the judgement

class Tally:
    def __init__(self):
        self.models = self.entries = self.confirmed = 0
        self.verdicts, self.zero = Counter(), Counter()
        self.wrong, self.bad, self.broken = [], [], []


def compare(tally, want, answer, label, text, nodes=True):
    """Every gradient in the JSON of eval against the tape's."""
    for node in answer["nodes"]:
        name, grad = node["name"], node["grad"]
        if grad is None or name not in want or (not nodes and node["op"] != "param"):
            continue
        got = [number(x) for row in grad for x in row]
        for at, (g, n) in enumerate(zip(got, want[name][2])):
            tally.entries += 1
            if not abs(g - n) <= ABSOLUTE + RELATIVE * max(abs(g), abs(n)):
                tally.wrong.append("%s: d%s [%d] is %r, should be %r\n%s" % (label, name, at, g, n,
                                                                             text))
                return


def judge_model(program, tally, seed):
    """One model: every fourth is one that was written by hand, its lines in equal forms."""
    if seed % 4 == 3:
        written(program, tally, seed)
    else:
        random_model(program, tally, seed)


def written(program, tally, seed):
    texts_ = right_texts()
    name, text = texts_[seed // 4 % len(texts_)]
    base = Base(name, text, seed)
    source, counter = random.Random(seed), iter(range(1000))
    lines = [new for line, share in zip(base.lines, base.shares)
             for new in rewritten(source, line, share[:2], lambda: "new%d" % next(counter))]
    late = "late" in name or name == "sparse-autoencoder"
    one(program, tally, "by hand %s" % name, base.text(lines), base.grads, not late, [])


def random_model(program, tally, seed):
    b, derived, by_hand, own_names = texts(seed)
    model = Model(by_hand)
    values, grads = model.gradients()
    final = run_block(model.backward, values, "L")
    for param in model.params():
        for g, n in zip(final["d" + param][2], grads[param][2]):
            if not abs(g - n) <= 1e-8 + 1e-7 * abs(n):
                raise Wrong("the judge's own derivation is wrong: d%s\n%s" % (param, by_hand))
    if seed % 8 < 2:
        confirm(tally, b, model, values, grads)
    style = seed // 4 % 3
    if style == 0:
        one(program, tally, "derived", derived, grads, True, [])
        one(program, tally, "unfolded", derived, grads, True, ["--unfold=all"], check=seed % 8 == 0)
    elif style == 1:
        one(program, tally, "by hand", by_hand, grads, not own_names, [])
    else:
        one(program, tally, "equal line", derived, grads, True, equal_lines(program, b, derived))


def confirm(tally, b, model, values, grads):
    """The tape against a complex step, which knows no rule of differentiation, in one entry."""
    name = b.source.choice(model.params())
    at = b.source.randrange(len(values[name][2]))
    slope = model.complex_slope(values, name, at)
    if not abs(slope - grads[name][2][at]) <= 1e-8 + 1e-8 * abs(slope):
        raise Wrong("the tape says %r, a complex step %r: d%s[%d]\n%s" % (
            grads[name][2][at], slope, name, at, b.lines))
    tally.confirmed += 1


def equal_lines(program, b, text):
    """--bug options that replace rule lines by equal ones."""
    answer, error = program.answer("eval", text)
    if not answer:
        raise Wrong("%s\n%s" % (error, text))
    rules = [(node["name"], rule) for node in answer["nodes"] for rule in node["rules"]]
    out = []
    for node, rule in b.source.sample(rules, min(3, len(rules))):
        target = Line(rule).target
        if [Line(r).target for n, r in rules if n == node].count(target) > 1:
            continue
        head, body = rule.split("=", 1)
        way = b.source.choice(["(%s).T.T", "%s + 0", "1 * (%s)", "-(-(%s))", "(%s) / 1"])
        out.append("--bug=%s: %s= %s" % (node, head, way % body.strip()))
    return out


def one(program, tally, label, text, grads, nodes, options, check=True):
    tally.models += 1
    answer, error = program.answer("eval", text, *options)
    if not answer:
        tally.wrong.append("%s: no answer: %s %s\n%s" % (label, error, options, text))
        return
    compare(tally, grads, answer, "%s %s" % (label, " ".join(options)), text, nodes)
    if not check:
        return
    answer, error = program.answer("check", text, *options)
    verdict = answer["verdict"] if answer else "trouble"
    tally.verdicts[verdict] += 1
    if verdict != "PASS":
        if any(grads[each["name"]][2] and max(map(abs, grads[each["name"]][2])) > NEAR_ZERO
               for each in (answer or {}).get("tensors", [])):
            tally.zero[verdict] += 1
        why = [(t["name"], t["verdict"], t["reason"]) for t in answer["tensors"]
               if t["verdict"] != "PASS"] if answer else error
        tally.bad.append((verdict, "%s %s: %s %s\n%s" % (label, " ".join(options), verdict, why,
                                                         text)))

