"""A little interpreter of what `gradwalk trace --json` prints; it shares nothing with the program.

trace.py TRACE EVAL          runs the trace from the leaves that `gradwalk eval --json` prints, and
                             compares every value and gradient with its own
trace.py --lines TRACE EVAL  compares the rule lines of both
trace.py --whole TRACE       looks whether the trace hangs together

The first thing that is wrong goes to standard error.
"""
import json
import math
import sys


def number(entry):
    return float(entry)


def tensor(rows):
    return [[number(entry) for entry in row] for row in rows]


def each(rows, cols, make):
    return [[make(i, j) for j in range(cols)] for i in range(rows)]


def spread(x, rows, cols):
    return each(rows, cols, lambda i, j: x[i if len(x) > 1 else 0][j if len(x[0]) > 1 else 0])


def transpose(x):
    return [list(column) for column in zip(*x)]


def product(a, b):
    columns = transpose(b)
    return [[math.fsum(p * q for p, q in zip(row, column)) for column in columns] for row in a]


def total(x, axis):
    if axis == 0:
        return [[math.fsum(column) for column in transpose(x)]]
    if axis == 1:
        return [[math.fsum(row)] for row in x]
    return [[math.fsum(entry for row in x for entry in row)]]


def divide(p, q):
    if q == 0:
        return math.nan if p == 0 or p != p else math.copysign(math.inf, p)
    return p / q


PAIRS = {
    "add": lambda p, q: p + q, "sub": lambda p, q: p - q, "mul": lambda p, q: p * q, "div": divide,
    "pow": lambda p, q: p ** q, "max": max, "min": min,
    "less": lambda p, q: p < q, "less_equal": lambda p, q: p <= q,
    "greater": lambda p, q: p > q, "greater_equal": lambda p, q: p >= q,
    "equal": lambda p, q: p == q, "not_equal": lambda p, q: p != q,
}
SINGLES = {
    "neg": lambda p: -p, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "abs": abs,
    "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "copy": lambda p: p,
}
WHOLES = {
    "matmul": product, "transpose": transpose,
    "matmul_transposed": lambda a, b: product(transpose(a), b),
    "rowmax": lambda a: [[max(row)] for row in a],
}


def compute(instruction, values):
    op, (rows, cols) = instruction["op"], instruction["shape"]
    operands = [values[slot] for slot in instruction["in"]]
    if op in PAIRS:
        a, b = (spread(operand, rows, cols) for operand in operands)
        return each(rows, cols, lambda i, j: float(PAIRS[op](a[i][j], b[i][j])))
    if op in SINGLES:
        return each(rows, cols, lambda i, j: SINGLES[op](operands[0][i][j]))
    if op == "sum":
        return total(operands[0], instruction["axis"])
    if op in ("zeros", "ones"):
        return each(rows, cols, lambda i, j: float(op == "ones"))
    return WHOLES[op](*operands)


def run(trace, evaluated):
    leaves = {node["name"]: tensor(node["value"]) for node in evaluated["nodes"]}
    values = {}
    for slot in trace["slots"]:
        rows, cols = slot["shape"]
        if slot["kind"] in ("data", "param"):
            values[slot["slot"]] = leaves[slot["label"]]
        elif "value" in slot:
            values[slot["slot"]] = tensor(slot["value"])
        elif slot["kind"] == "gradient":
            values[slot["slot"]] = each(rows, cols, lambda i, j: 0.0)
    for instruction in trace["forward"] + trace["backward"]:
        values[instruction["out"]] = compute(instruction, values)
    return {slot["label"]: values.get(slot["slot"]) for slot in trace["slots"] if slot["label"]}


def near(got, want):
    if got is None or want is None:
        return got == want
    pairs = [(p, q) for a, b in zip(got, want) for p, q in zip(a, b)]
    return len(got) == len(want) and all(
        p == q or (p != p and q != q) or abs(p - q) <= 1e-12 + 1e-9 * abs(q) for p, q in pairs)


def compare(trace, evaluated):
    results = run(trace, evaluated)
    for node in evaluated["nodes"]:
        if not near(results[node["name"]], tensor(node["value"])):
            return "the value of " + node["name"]
        gradient = node["grad"] and tensor(node["grad"])
        if not near(results.get("d" + node["name"]), gradient):
            return "the gradient of " + node["name"]
    return None


def compare_lines(trace, evaluated):
    theirs = evaluated.get("backward") or [r for node in evaluated["nodes"] for r in node["rules"]]
    mine = [line["text"] for line in trace["lines"]]
    for line in theirs:
        if line not in mine:
            return "no line " + line
    return None if len(mine) == len(theirs) else "lines that eval does not have"


def find_gap(trace):
    """Lines cover the backward pass in order, slots do not overlap, and nothing is read before it
    is there."""
    at = 0
    for index, line in enumerate(trace["lines"]):
        made = trace["backward"][at:at + line["count"]]
        if line["first"] != at or not made or any(i["line"] != index for i in made):
            return "line %d does not have its instructions" % index
        if made[-1]["out"] != line["target"]:
            return "line %d does not end in its target" % index
        at += line["count"]
    if at != len(trace["backward"]):
        return "instructions of no line"
    end = 0
    for slot in trace["slots"]:
        if slot["offset"] < end:
            return "slot %d begins in the one before" % slot["slot"]
        end = slot["offset"] + slot["shape"][0] * slot["shape"][1]
    there = {slot["slot"] for slot in trace["slots"]
             if slot["kind"] in ("data", "param", "gradient") or "value" in slot}
    for instruction in trace["forward"] + trace["backward"]:
        if not there.issuperset(instruction["in"]):
            return "an instruction reads what nothing has made"
        there.add(instruction["out"])
    for plan in trace["plans"]:
        steps = [step["instruction"] for step in plan["steps"]]
        if steps != sorted(set(steps)) or len(steps) > plan["planned"]:
            return "the plan of " + plan["param"]
    return None


def main(arguments):
    checks = {"--lines": compare_lines, "--whole": find_gap}
    check = checks.get(arguments[0], compare)
    files = arguments[1:] if arguments[0] in checks else arguments
    documents = []
    for name in files:
        with open(name, encoding="utf-8") as file:
            documents.append(json.load(file))
    wrong = check(*documents)
    if wrong:
        print(wrong, file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
