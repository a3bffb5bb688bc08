"""The language as README.md and gradwalk.1 describe it: an evaluator of the judge's own.

Nothing here comes from src/. A tensor is (rows, columns, entries); what an entry is, is the
business of a field (fields.py), so that one evaluator gives values, slopes and gradients.
"""
import math
import random
import re
from itertools import chain

from fields import Complexes, Floats, Tape
from grammar import COMPARE, Wrong, parse


# ---- gates that gradwalk.1 lists, by their definitions

GATES = {
    "sigmoid": ("x", ["out = 1 / (1 + exp(-x))"]),
    "relu": ("x", ["out = max(x, 0)"]),
    "leaky_relu": ("x slope", ["out = max(x, 0) + slope * min(x, 0)"]),
    "softplus": ("x", ["out = log(1 + exp(x))"]),
    "softmax": ("x", ["e = exp(x - rowmax(x))", "out = e / sum(e, 1)"]),
    "affine": ("x W b", ["out = x @ W + b"]),
    "layer_norm": ("x g b", ["c = x - sum(x, 1) / cols(x)", "v = sum(c * c, 1) / cols(x)",
                             "out = g * c / sqrt(v + 1e-5) + b"]),
    "batch_norm": ("x g b", ["c = x - sum(x, 0) / rows(x)", "v = sum(c * c, 0) / rows(x)",
                             "out = g * c / sqrt(v + 1e-5) + b"]),
    "mean": ("x", ["out = sum(x) / (rows(x) * cols(x))"]),
    "softmax_cross_entropy": ("x t", ["e = exp(x - rowmax(x))",
                                      "out = -sum(t * log(e / sum(e, 1))) / rows(x)"]),
    "softmax_with_loss": ("x t", ["e = exp(x - rowmax(x))",
                                  "out = -sum(t * log(e / sum(e, 1) + 1e-7)) / rows(x)"]),
    "binary_cross_entropy": ("y t", ["out = -sum(t * log(y) + (1 - t) * log(1 - y)) / rows(y)"]),
    "mse": ("y t", ["d = y - t", "out = sum(d * d) / (rows(d) * cols(d))"]),
    "l2_penalty": ("w k", ["out = k / 2 * sum(w * w)"]),
    "l1_penalty": ("w k", ["out = k * sum(abs(w))"]),
}


class Gate:
    def __init__(self, operands, lines):
        self.operands = operands
        self.lines = [(name, parse(text)) for name, text in lines]


BUILT_IN = {name: Gate(operands.split(), [line.split(" = ", 1) for line in lines])
            for name, (operands, lines) in GATES.items()}


# ---- random numbers, as numpy.random.seed(n) has them

class Numbers:
    def __init__(self, seed):
        state, words = seed & 0xFFFFFFFF, []
        for i in range(624):
            words.append(state)
            state = (1812433253 * (state ^ (state >> 30)) + i + 1) & 0xFFFFFFFF
        self.source = random.Random()
        self.source.setstate((3, tuple(words) + (624,), None))
        self.kept = None

    def uniform(self):
        return self.source.random()

    def normal(self):
        if self.kept is not None:
            value, self.kept = self.kept, None
            return value
        while True:
            x, y = 2 * self.uniform() - 1, 2 * self.uniform() - 1
            r = x * x + y * y
            if 0 < r < 1:
                break
        f = math.sqrt(-2 * math.log(r) / r)
        self.kept = f * x
        return f * y


# ---- the evaluator

class Evaluator:
    """Trees to tensors over one field."""

    def __init__(self, field, gates=None, numbers=None):
        self.field, self.gates, self.numbers = field, dict(BUILT_IN, **(gates or {})), numbers
        self.one = None

    def constant(self, rows, columns, numbers):
        return (rows, columns, [self.field.constant(float(x)) for x in numbers])

    def scalar(self, x):
        return self.constant(1, 1, [x])

    def real(self, tensor):
        return [self.field.real(e) for e in tensor[2]]

    def run(self, tree, names):
        kind = tree[0]
        if kind == "name":
            if tree[1] not in names:
                raise Wrong("unknown name %r" % tree[1])
            return names[tree[1]]
        if kind == "num":
            return self.scalar(tree[1])
        if kind == "matrix":
            rows = tree[1]
            return self.constant(len(rows), len(rows[0]), chain(*rows))
        if kind == "neg":
            return self.map("neg", self.run(tree[1], names))
        if kind == "T":
            return transposed(self.run(tree[1], names))
        if kind == "call":
            return self.call(tree[1], tree[2], names)
        left, right = self.run(tree[1], names), self.run(tree[2], names)
        if kind == "@":
            return self.matmul(left, right)
        return self.pairwise(kind, left, right)

    def map(self, name, a):
        apply = self.field.unary[name]
        return (a[0], a[1], [apply(e) for e in a[2]])

    def pairwise(self, sign_, a, b):
        rows, columns = max(a[0], b[0]), max(a[1], b[1])
        if a[0] not in (1, rows) or b[0] not in (1, rows) or \
                a[1] not in (1, columns) or b[1] not in (1, columns):
            raise Wrong("shapes %dx%d %s %dx%d" % (a[0], a[1], sign_, b[0], b[1]))
        left, right = spread(a, rows, columns), spread(b, rows, columns)
        if sign_ in COMPARE:
            test, real, constant = TESTS[sign_], self.field.real, self.field.constant
            return (rows, columns, [constant(float(test(real(x), real(y))))
                                    for x, y in zip(left, right)])
        apply = self.field.binary[sign_]
        return (rows, columns, [apply(x, y) for x, y in zip(left, right)])

    def matmul(self, a, b):
        if a[1] != b[0]:
            raise Wrong("shapes %dx%d @ %dx%d" % (a[0], a[1], b[0], b[1]))
        n, dot = a[1], self.field.dot
        rows = [a[2][i * n:(i + 1) * n] for i in range(a[0])]
        columns = [b[2][j::b[1]] for j in range(b[1])]
        return (a[0], b[1], [dot(row, column) for row in rows for column in columns])

    def sum(self, a, axis):
        total = self.field.total
        if axis is None:
            return (1, 1, [total(a[2])])
        if axis == 0:
            return (1, a[1], [total(a[2][j::a[1]]) for j in range(a[1])])
        return (a[0], 1, [total(a[2][i * a[1]:(i + 1) * a[1]]) for i in range(a[0])])

    def rowmax(self, a):
        out = []
        for i in range(a[0]):
            row = a[2][i * a[1]:(i + 1) * a[1]]
            out.append(max(row, key=self.field.real))
        return (a[0], 1, out)

    def call(self, name, arguments, names):
        if name == "sum":
            axis = int(arguments[1][1]) if len(arguments) == 2 else None
            return self.sum(self.run(arguments[0], names), axis)
        values = [self.run(argument, names) for argument in arguments]
        if name in self.gates:
            return self.gate(self.gates[name], values)
        if name in self.field.unary:
            return self.map(name, values[0])
        if name in ("max", "min"):
            return self.pairwise(name, values[0], values[1])
        if name == "rowmax":
            return self.rowmax(values[0])
        if name == "rows":
            return self.scalar(values[0][0])
        if name == "cols":
            return self.scalar(values[0][1])
        return self.made(name, [int(self.real(value)[0]) for value in values])

    def made(self, name, sizes):
        rows, columns = sizes[0], sizes[1] if len(sizes) > 1 else sizes[0]
        count = rows * columns
        if name == "zeros":
            return self.constant(rows, columns, [0] * count)
        if name == "ones":
            return self.constant(rows, columns, [1] * count)
        if name == "eye":
            return self.constant(rows, rows, [i % (rows + 1) == 0 for i in range(rows * rows)])
        if name == "unit":
            return self.constant(rows, columns, [i == sizes[2] for i in range(count)])
        if name == "randn":
            return self.constant(rows, columns, [self.numbers.normal() for _ in range(count)])
        if name == "rand":
            return self.constant(rows, columns, [self.numbers.uniform() for _ in range(count)])
        raise Wrong("unknown function %r" % name)

    def gate(self, gate, values):
        if len(values) != len(gate.operands):
            raise Wrong("wrong number of operands")
        inside = dict(zip(gate.operands, values))
        for name, tree in gate.lines:
            inside[name] = self.run(tree, inside)
        return inside["out"]


TESTS = {"<": lambda x, y: x < y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y,
         ">=": lambda x, y: x >= y, "==": lambda x, y: x == y, "!=": lambda x, y: x != y}


def spread(a, rows, columns):
    if a[0] == rows and a[1] == columns:
        return a[2]
    return [a[2][(i if a[0] > 1 else 0) * a[1] + (j if a[1] > 1 else 0)]
            for i in range(rows) for j in range(columns)]


def transposed(a):
    return (a[1], a[0], [a[2][i * a[1] + j] for j in range(a[1]) for i in range(a[0])])


# ---- models

class Model:
    """A model's statements, forward and backward, read from its text."""

    def __init__(self, text):
        self.leaves, self.nodes, self.backward, self.gates = [], [], [], {}
        self.loss, self.has_block = None, False
        lines = [line.split("#")[0].strip() for line in text.replace(";", "\n").split("\n")
                 ] if "[" not in text else statements(text)
        lines = [line for line in lines if line]
        at = 0
        while at < len(lines):
            at = self.statement(lines, at)
        if self.loss is None:
            self.loss = self.nodes[-1][0]

    def statement(self, lines, at):
        line = lines[at]
        word = line.split()[0]
        if word == "backward":
            self.has_block = True
            at += 1
            while lines[at] != "end":
                self.backward.append(Line(lines[at]))
                at += 1
        elif word == "gate":
            at = self.read_gate(lines, at)
        elif word == "loss":
            self.loss = line.split()[1]
        elif word == "seed":
            self.leaves.append(("seed", None, int(line.split()[1])))
        elif word in ("data", "param"):
            name, text = line[len(word):].split("=", 1)
            self.leaves.append((word, name.strip(), parse(text)))
        else:
            name, text = line.split("=", 1)
            self.nodes.append((name.strip(), parse(text)))
            self.leaves.append(("node", name.strip(), self.nodes[-1][1]))
        return at + 1

    def read_gate(self, lines, at):
        head = re.match(r"gate (\w+)\(([^)]*)\)", lines[at])
        operands = [name.strip() for name in head.group(2).split(",")]
        at += 1
        body = []
        while lines[at] != "end":
            name, text = lines[at].split("=", 1)
            name = name.strip().rstrip("+").strip()
            body.append((name, text))
            at += 1
        forward = []
        for name, text in body:          # the hand-written rule begins with what it makes of dout
            forward.append((name, text))
            if name == "out":
                break
        self.gates[head.group(1)] = Gate(operands, forward)
        return at

    def params(self):
        return [name for kind, name, _ in self.leaves if kind == "param"]

    def values(self, field, leaves=None):
        """Every name's tensor; leaves, where given, are tensors of floats to take instead."""
        evaluator, names = Evaluator(field, self.gates, Numbers(0)), {}
        for kind, name, tree in self.leaves:
            if kind == "seed":
                evaluator.numbers = Numbers(tree)
            elif leaves is not None and name in leaves:
                rows, columns, entries = leaves[name]
                names[name] = (rows, columns, [field.constant(x) if isinstance(x, (int, float))
                                               else x for x in entries])
            else:
                names[name] = field.own(evaluator.run(tree, names))
        return names

    def gradients(self):
        """Values and gradients of every name, by the tape."""
        tape = Tape()
        names = self.values(tape)
        grads = tape.gradients(names[self.loss][2][0])
        values = {n: (r, c, [tape.values[e] for e in es]) for n, (r, c, es) in names.items()}
        return values, {n: (r, c, [grads[e] for e in es]) for n, (r, c, es) in names.items()}

    def complex_slope(self, values, name, entry):
        """d loss / d one entry of a param, by a complex step: no rule of differentiation at all."""
        leaves = {n: values[n] for kind, n, _ in self.leaves if kind in ("data", "param")}
        rows, columns, entries = leaves[name]
        stepped = list(entries)
        stepped[entry] = complex(entries[entry], 1e-30)
        leaves[name] = (rows, columns, stepped)
        return self.values(Complexes(), leaves)[self.loss][2][0].imag / 1e-30


def statements(text):
    """Lines and semicolons end a statement, but not inside brackets."""
    out, depth, current = [], 0, ""
    for line in text.split("\n"):
        for letter in line.split("#")[0]:
            depth += (letter == "[") - (letter == "]")
            if letter == ";" and depth == 0:
                out.append(current)
                current = ""
            else:
                current += letter
        if depth == 0:
            out.append(current)
            current = ""
    return [line.strip() for line in out]


class Line:
    """A line of a backward block: its target, whether it adds, and its expression."""

    def __init__(self, text):
        self.text = " ".join(text.split())
        head, body = self.text.split("=", 1)
        self.adds = head.endswith("+")
        self.target = head.rstrip("+").strip()
        self.tree = parse(body)


def run_block(lines, values, loss, patches=None, trace=None):
    """Runs a block over forward values; returns the last value of every name.

    patches: {index of a line: tensor}, which the line then has for its right side. trace, a list,
    gets what stands in the names before each line. The gradient of a node has the node's shape.
    """
    evaluator, names = Evaluator(Floats()), dict(values)
    names["d" + loss] = (1, 1, [1.0])
    for at, line in enumerate(lines):
        if trace is not None:
            trace.append(dict(names))
        result = patches[at] if patches and at in patches else evaluator.run(line.tree, names)
        if line.adds:
            before = names[line.target]
            if before[:2] != result[:2]:
                raise Wrong("%s: %dx%d += %dx%d" % ((line.target,) + before[:2] + result[:2]))
            result = evaluator.pairwise("+", before, result)
        node = values.get(line.target[1:]) if line.target[0] == "d" else None
        if node and node[:2] != result[:2]:
            raise Wrong("%s makes %dx%d" % ((line.text,) + result[:2]))
        names[line.target] = result
    return names


def reads(tree):
    """The names in a tree."""
    if tree[0] == "name":
        return {tree[1]}
    if tree[0] in ("num", "matrix"):
        return set()
    inside = tree[2] if tree[0] == "call" else tree[1:]
    return set().union(*map(reads, inside))
