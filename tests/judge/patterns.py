"""Statements for random right models, each with its derivatives as a person derives them by hand.

A pattern takes a Build and returns (expression, [(operand, what it gets)]), or None where nothing
fits. In what an operand gets, {g} is the gradient of the result and {o} the result. The judge
compares these derivations with its tape as well, so a slip here is the judge's and is found.
"""


def fit(text, have, want):
    """Sums a gradient over the sides along which an operand was repeated."""
    if have == want:
        return text
    if have[0] != want[0] and have[1] != want[1]:
        return "sum(%s)" % text
    return "sum(%s, %d)" % (text, 0 if have[0] != want[0] else 1)


def beside(b, x):
    """An operand that broadcasts with x: of its shape, a row, a column or one number."""
    r, c = b.shape(x)
    return b.pick(b.source.choice([(r, c), (r, c), (1, c), (r, 1), (1, 1)]))


def joint(b, x, y):
    (r, c), (s, d) = b.shape(x), b.shape(y)
    return max(r, s), max(c, d)


def pair(sign, left, right):
    def make(b):
        x = b.pick()
        y = beside(b, x)
        if b.source.random() < 0.4:
            x, y = y, x
        out = joint(b, x, y)
        form = dict(x=x, y=y, g="{g}", o="{o}")
        return ("%s %s %s" % (x, sign, y),
                [(x, fit(left.format(**form), out, b.shape(x))),
                 (y, fit(right.format(**form), out, b.shape(y)))])
    return make


def divide(b):
    x, y = b.pick(), None
    y = b.pick_where(beside(b, x), lambda v: min(map(abs, v)) > 0.3)
    if not y or x == y:
        return None
    out = joint(b, x, y)
    return ("%s / %s" % (x, y), [(x, fit("{g} / %s" % y, out, b.shape(x))),
                                 (y, fit("-{g} * %s / %s^2" % (x, y), out, b.shape(y)))])


def single(forward, slope, good=lambda v: True):
    def make(b):
        x = b.pick_where(b.pick(), good)
        return x and (forward.format(x=x), [(x, "{g} * " + slope.format(x=x, o="{o}"))])
    return make


def far(edges, margin=0.02):
    return lambda v: all(abs(x - edge) > margin for x in v for edge in edges)


def small(limit):
    return lambda v: max(map(abs, v)) < limit


def positive(v):
    return min(v) > 0.1


def matmul(b):
    x = b.pick()
    y = b.pick((b.shape(x)[1], b.source.randint(1, 5)))
    return "%s @ %s" % (x, y), [(x, "{g} @ %s.T" % y), (y, "%s.T @ {g}" % x)]


def matmul_second_transposed(b):
    x = b.pick()
    y = b.pick((b.source.randint(1, 4), b.shape(x)[1]))
    return "%s @ %s.T" % (x, y), [(x, "{g} @ %s" % y), (y, "{g}.T @ %s" % x)]


def matmul_first_transposed(b):
    x = b.pick()
    y = b.pick((b.shape(x)[0], b.source.randint(1, 4)))
    return "%s.T @ %s" % (x, y), [(x, "%s @ {g}.T" % y), (y, "%s @ {g}" % x)]


def affine(b):
    x = b.pick()
    n = b.source.randint(1, 5)
    w, c = b.leaf((b.shape(x)[1], n), "param"), b.leaf((1, n), "param")
    form = b.source.choice(["{x} @ {w} + {c}", "affine({x}, {w}, {c})", "{c} + {x} @ {w}"])
    return (form.format(x=x, w=w, c=c),
            [(x, "{g} @ %s.T" % w), (w, "%s.T @ {g}" % x), (c, "sum({g}, 0)")])


def transpose(b):
    x = b.pick()
    return "%s.T" % x, [(x, "{g}.T")]


def total(b):
    x = b.pick()
    r, c = b.shape(x)
    axis = b.source.choice([None, 0, 1])
    if axis is None:
        form, scale = b.source.choice([("sum(%s)", ""), ("mean(%s)", " / %d" % (r * c))])
        return form % x, [(x, "{g} * ones(%d, %d)%s" % (r, c, scale))]
    return "sum(%s, %d)" % (x, axis), [(x, "ones(%d, %d) * {g}" % (r, c))]


def average(b):
    x = b.pick()
    r, c = b.shape(x)
    axis = b.source.choice([0, 1])
    n = (r, c)[axis]
    size = b.source.choice(["%d" % n, "%s(%s)" % (("rows", "cols")[axis], x)])
    return ("sum(%s, %d) / %s" % (x, axis, size),
            [(x, "ones(%d, %d) / %s * {g}" % (r, c, size))])


def softmax(b):
    x = b.pick_where(b.pick(), small(8))
    return x and ("softmax(%s)" % x, [(x, "{o} * ({g} - sum({g} * {o}, 1))")])


def rowmax(b):
    def apart(v, columns):
        rows = [sorted(v[i:i + columns]) for i in range(0, len(v), columns)]
        return all(len(row) < 2 or row[-1] - row[-2] > 0.02 for row in rows)
    x = b.pick()
    if not apart(b.values[x][2], b.shape(x)[1]):
        return None
    return "rowmax(%s)" % x, [(x, "(%s == {o}) * {g}" % x)]


def larger(name, sign):
    def make(b):
        x = b.pick()
        y = beside(b, x)
        gap = b.run("%s - %s" % (x, y))[2]
        if min(map(abs, gap)) < 0.02:
            return None
        out = joint(b, x, y)
        return ("%s(%s, %s)" % (name, x, y),
                [(x, fit("{g} * (%s %s %s)" % (x, sign, y), out, b.shape(x))),
                 (y, fit("{g} * (%s %s %s)" % (y, sign, x), out, b.shape(y)))])
    return make


def power(b):
    x = b.pick_where(b.pick(), positive)
    if not x:
        return None
    k = b.source.choice(["-0.5", "1.5", "-1", "0.5", "3", "-2"])
    return "%s^(%s)" % (x, k), [(x, "{g} * (%s) * %s^(%s - 1)" % (k, x, k))]


def power_of(b):
    x = b.pick_where(b.pick(), lambda v: min(v) > 0.1 and max(v) < 6)
    if not x:
        return None
    y = b.pick_where(beside(b, x), small(3))
    if not y:
        return None
    out = joint(b, x, y)
    return ("%s^%s" % (x, y), [(x, fit("{g} * %s * %s^(%s - 1)" % (y, x, y), out, b.shape(x))),
                               (y, fit("{g} * {o} * log(%s)" % x, out, b.shape(y)))])


def masked(b):
    x = b.pick()
    y = b.leaf(b.shape(x), "data")
    sign = b.source.choice(["<", "<=", ">", ">=", "!="])
    return "%s * (%s %s 0.3)" % (x, y, sign), [(x, "{g} * (%s %s 0.3)" % (y, sign))]


def gated(b):
    x = b.pick_where(b.pick(), small(8))
    if not x:
        return None
    y = b.pick(b.shape(x))
    return ("%s * sigmoid(%s)" % (y, x),
            [(x, "{g} * %s * sigmoid(%s) * (1 - sigmoid(%s))" % (y, x, x)),
             (y, "{g} * sigmoid(%s)" % x)])


def norm(axis):
    name = ("batch_norm", "layer_norm")[axis]

    def make(b):
        x = b.pick()
        r, c = b.shape(x)
        n = (r, c)[axis]
        if n < 3 or spread_of(b.values[x], axis) < 0.05:
            return None
        gamma, beta = b.leaf((1, c), "param"), b.leaf((1, c), "param")
        mean = "sum(%%s, %d) / %d" % (axis, n)
        hat = b.helper("(%s - %s) / sqrt(%s + 1e-5)" % (
            x, mean % x, mean % ("(%s - %s)^2" % (x, mean % x))))
        std = "sqrt(%s + 1e-5)" % (mean % ("(%s - %s)^2" % (x, mean % x)))
        dh = "({g} * %s)" % gamma
        return ("%s(%s, %s, %s)" % (name, x, gamma, beta),
                [(x, "(%s - %s - %s * %s) / %s" % (dh, mean % dh, hat,
                                                   "(" + mean % (dh + " * " + hat) + ")", std)),
                 (gamma, "sum({g} * %s, 0)" % hat), (beta, "sum({g}, 0)")])
    return make


def spread_of(tensor, axis):
    rows, columns, v = tensor
    lines = ([v[j::columns] for j in range(columns)] if axis == 0 else
             [v[i * columns:(i + 1) * columns] for i in range(rows)])
    return min(max(line) - min(line) for line in lines)


def attention(b):
    x = b.pick()
    r, c = b.shape(x)
    q, k = b.leaf((c, 2), "param"), b.leaf((c, 2), "param")
    p = b.helper("softmax(%s @ %s @ (%s @ %s).T / sqrt(2))" % (x, q, x, k))
    if max(b.values[p][2]) > 0.9999:
        return None
    ds = "(%s * ({g} @ %s.T - sum({g} @ %s.T * %s, 1)) / sqrt(2))" % (p, x, x, p)
    return ("softmax(%s @ %s @ (%s @ %s).T / sqrt(2)) @ %s" % (x, q, x, k, x),
            [(x, "%s.T @ {g} + %s @ %s @ %s @ %s.T + %s.T @ %s @ %s @ %s.T"
              % (p, ds, x, k, q, ds, x, q, k)),
             (q, "%s.T @ %s @ %s @ %s" % (x, ds, x, k)),
             (k, "%s.T @ %s.T @ %s @ %s" % (x, ds, x, q))])


def recurrent(b):
    x, n = b.pick(), 3
    w, u = b.leaf((b.shape(x)[1], n), "param"), b.leaf((n, n), "param")
    h = b.pick((b.shape(x)[0], n))
    slope = "({g} * (1 - {o}^2))"
    return ("tanh(%s @ %s + %s @ %s)" % (x, w, h, u),
            [(x, "%s @ %s.T" % (slope, w)), (w, "%s.T @ %s" % (x, slope)),
             (h, "%s @ %s.T" % (slope, u)), (u, "%s.T @ %s" % (h, slope))])


def user_gate(b):
    """One of the gates below, which the model defines for itself."""
    name = b.source.choice(sorted(USER))
    return USER[name][1](b, name)


def gate_linear(b, name):
    x = b.pick()
    w = b.pick((b.source.randint(1, 4), b.shape(x)[1]))
    b.use_gate(name)
    return "%s(%s, %s)" % (name, x, w), [(x, "{g} @ %s" % w), (w, "{g}.T @ %s" % x)]


def gate_of_one(slope):
    def make(b, name):
        x = b.pick_where(b.pick(), small(6))
        if not x:
            return None
        b.use_gate(name)
        return "%s(%s)" % (name, x), [(x, "{g} * " + slope.format(x=x, o="{o}"))]
    return make


def gate_bilinear(b, name):
    x = b.pick()
    w = b.pick((b.shape(x)[1], b.shape(x)[1]))
    b.use_gate(name)
    return ("%s(%s, %s)" % (name, x, w),
            [(x, "{g} * (%s @ (%s + %s.T))" % (x, w, w)), (w, "%s.T @ ({g} * %s)" % (x, x))])


USER = {
    "lin": ("gate lin(x, W)\n  out = x @ W.T\n  dx = dout @ W\n  dW = dout.T @ x\nend",
            gate_linear),
    "lin2": ("gate lin2(x, W)\n  t = W.T\n  out = x @ t\n  dW = (x.T @ dout).T\n  dx = dout @ t.T\n"
             "end", gate_linear),
    "swish": ("gate swish(x)\n  s = sigmoid(x)\n  out = x * s\n  dx = dout * (s + out * (1 - s))\n"
              "end", gate_of_one("(sigmoid({x}) + {o} * (1 - sigmoid({x})))")),
    "cube": ("gate cube(x)\n  out = x^3\nend", gate_of_one("3 * {x}^2")),
    "bell": ("gate bell(x)\n  out = exp(-x^2 / 2)\n  t = -x * out\n  dx = (dout.T * t.T).T\nend",
             gate_of_one("{o} * -{x}")),
    "quad": ("gate quad(x, W)\n  out = sum(x @ W * x, 1)\n  dx = dout * (x @ W + x @ W.T)\n"
             "  dW = x.T @ (dout * x)\nend", gate_bilinear),
    "quad2": ("gate quad2(x, W)\n  y = x @ W\n  out = sum(y * x, 1)\n  dy = dout * x\n"
              "  dx = dout * y\n  dW = x.T @ dy\n  dx += dy @ W.T\nend", gate_bilinear),
    "soft": ("gate soft(x)\n  out = log(1 + exp(x))\n  dx = dout * sigmoid(x)\nend",
             gate_of_one("sigmoid({x})")),
}

PATTERNS = [
    pair("+", "{g}", "{g}"), pair("-", "{g}", "-{g}"), pair("*", "{g} * {y}", "{g} * {x}"),
    divide, matmul, matmul, matmul_second_transposed, matmul_first_transposed, affine, affine,
    transpose, transpose, total, average, softmax, rowmax, larger("max", ">"), larger("min", "<"),
    power, power_of, masked, gated, norm(0), norm(1), attention, recurrent, user_gate, user_gate,
    single("exp({x})", "{o}", small(3)), single("log({x})", "1 / {x}", positive),
    single("sqrt({x})", "1 / (2 * {o})", positive), single("sin({x})", "cos({x})"),
    single("cos({x})", "-sin({x})"), single("tanh({x})", "(1 - {o}^2)"),
    single("sigmoid({x})", "{o} * (1 - {o})", small(12)), single("-{x}", "-1"),
    single("abs({x})", "(({x} > 0) - ({x} < 0))", far([0])),
    single("relu({x})", "({x} > 0)", far([0])),
    single("leaky_relu({x}, 0.1)", "(({x} > 0) + 0.1 * ({x} < 0))", far([0])),
    single("max(min({x}, 1), -1)", "({x} < 1) * ({x} > -1)", far([1, -1])),
    single("softplus({x})", "1 / (1 + exp(-{x}))", small(12)), single("{x}^2", "2 * {x}", small(9)),
    single("{x} * 1.5 + 0.5", "1.5"), single("2 / (1 + {x}^2)", "-4 * {x} / (1 + {x}^2)^2"),
]
