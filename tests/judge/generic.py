"""Mistakes that can be made in any backward block, whatever the model."""
import statistics

from language import Line


def generic(base, source):
    """A few mistakes of each kind for one model: (kind, {index: lines instead})."""
    out = []
    last = {}
    for at, line in enumerate(base.block):
        last[line.target] = at
    params = set("d" + name for name in base.model.params())
    own = [at for target, at in last.items() if target in params]
    every = [at for at in last.values()]
    for make in (offset, permuted, clipped, slow, entry, left_at_zero, normalised, magnitude,
                 sampled, other):
        places = own if make in (offset, slow, left_at_zero, other, sampled) else every
        for at in source.sample(places, len(places)):
            found = make(base, at, source)
            if found:
                out.append(found)
                break
    return out


def parts(base, at):
    line = base.lines[at]
    head, body = line.split("=", 1)
    return head + "= ", body.strip(), base.final[Line(line).target]


def offset(base, at, source):
    head, body, value = parts(base, at)
    size = max(abs(x) for x in value[2])
    amount = float("%.1g" % (size * source.choice((0.05, 0.3, -0.2)))) or 0.1
    return "offset", {at: [head + body + (" + %g" % amount if amount > 0 else " - %g" % -amount)]}


def permuted(base, at, source):
    head, body, (rows, columns, entries) = parts(base, at)
    order = list(range(columns))
    source.shuffle(order)
    if columns < 2 or "+" in head or order == sorted(order):
        return None
    matrix = "; ".join(" ".join("1" if order[i] == j else "0" for j in range(columns))
                       for i in range(columns))
    return "permuted", {at: [head + "(" + body + ") @ [" + matrix + "]"]}


def clipped(base, at, source):
    head, body, value = parts(base, at)
    if len(value[2]) < 3 or "+" in head:
        return None
    bound = float("%.2g" % (statistics.median(abs(x) for x in value[2]) or 0.1))
    return "clipped", {at: [head + "min(max(%s, -%g), %g)" % (body, bound, bound)]}


def slow(base, at, source):
    head, body, _ = parts(base, at)
    return "learning-rate", {at: [head + "%g * (%s)" % (source.choice((0.01, 0.1, 0.001)), body)]}


def entry(base, at, source):
    head, body, (rows, columns, entries) = parts(base, at)
    if len(entries) < 3:
        return None
    k = source.randrange(len(entries))
    return "one-entry", {at: [head + "(%s) * (1 - unit(%d, %d, %d))" % (body, rows, columns, k)]}


def left_at_zero(base, at, source):
    target = Line(base.lines[at]).target
    _, _, (rows, columns, _) = parts(base, at)
    return "zero", {at: ["%s = zeros(%d, %d)" % (target, rows, columns)]}


def normalised(base, at, source):
    head, body, (rows, columns, entries) = parts(base, at)
    if len(entries) < 2 or "+" in head:
        return None
    return "normalised", {at: [head + "(%s) / sqrt(sum((%s)^2))" % (body, body)]}


def magnitude(base, at, source):
    head, body, (rows, columns, entries) = parts(base, at)
    if len(entries) < 2 or "+" in head or not min(entries) < 0 < max(entries):
        return None
    return "magnitude", {at: [head + "abs(%s)" % body]}


def sampled(base, at, source):
    """X.T @ dz with one sample only: X[0].T @ dz[0]."""
    head, body, _ = parts(base, at)
    tree = base.block[at].tree
    if tree[0] != "@" or tree[1][0] != "T" or tree[2][0] != "name":
        return None
    rows = base.final[tree[2][1]][0]
    if rows < 2:
        return None
    left, right = body.split(".T @ ", 1)
    row = "unit(1, %d, %d)" % (rows, source.randrange(rows))
    return "one-sample", {at: [head + "(%s @ %s).T @ (%s @ %s)" % (row, left, row, right)]}


def other(base, at, source):
    """The gradient of another param of the same shape that was made before."""
    target = Line(base.lines[at]).target
    shape = base.final[target][:2]
    params = ["d" + name for name in base.model.params()]
    same = [line.target for line in base.block[:at] if line.target in params and
            line.target != target and base.final[line.target][:2] == shape]
    return ("other-tensor", {at: ["%s = %s" % (target, source.choice(same))]}) if same else None
