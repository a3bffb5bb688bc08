"""Families of models for the judge of wrong passes: depth, activation, time and style vary.

Each function writes the text of wrong/*.txt: a right model, and below some of its lines what a
person might have written there instead.
"""

SLOPES = {"tanh": ("(1 - a{i}^2)", "(1 - z{i}^2)", "a{i} * (1 - a{i})"),
          "sigmoid": ("a{i} * (1 - a{i})", "z{i} * (1 - z{i})", "(1 - a{i}^2)"),
          "relu": ("(z{i} > 0)", "(dz{j} @ W{j}.T > 0)", "(z{i} < 0)")}
SLOPE_KINDS = {"tanh": ("pre-activation", "other-derivative"),
               "sigmoid": ("pre-activation", "other-derivative"),
               "relu": ("mask-wrong", "mask-wrong")}


class Text:
    def __init__(self):
        self.lines = []

    def say(self, line, *wrong):
        self.lines.append(line)
        self.lines.extend("~ " + each for each in wrong if each)

    def __str__(self):
        return "\n".join(self.lines)


def network(seed, depth, activation, loss, late, style):
    """A multi-layer perceptron. late: 1/m in the lines of W and b; style: of names and lines."""
    m, widths = 5 + seed % 3, [3] + [3 + (seed + i) % 2 for i in range(depth - 1)] + [2]
    text = Text()
    say = text.say
    say("seed %d" % seed)
    say("data X = randn(%d, 3)" % m)
    if loss == "softmax":
        say("data T = [%s]" % "; ".join("1 0" if (i * i + seed) % 3 else "0 1" for i in range(m)))
    else:
        say("data T = randn(%d, 2)" % m)
    for i in range(1, depth + 1):
        say("param W%d = randn(%d, %d)" % (i, widths[i - 1], widths[i]))
        say("param b%d = randn(1, %d) / 2" % (i, widths[i]))
    below = "X"
    for i in range(1, depth + 1):
        say("z%d = %s @ W%d + b%d" % (i, below, i, i))
        if i < depth:
            say("a%d = %s(z%d)" % (i, activation, i))
            below = "a%d" % i
    decay = style == "decay"
    penalty = " + 0.05 * (%s)" % " + ".join("sum(W%d^2)" % i for i in range(1, depth + 1))
    top = "z%d" % depth
    if loss == "softmax":
        say("p = softmax(%s)" % top)
        say("L = softmax_cross_entropy(%s, T)%s" % (top, penalty if decay else ""))
        error = "p - T"
    else:
        say("L = sum((%s - T)^2) / %d%s" % (top, 2 * m, penalty if decay else ""))
        error = "%s - T" % top
    say("backward")
    name = (lambda i: "delta%d" % i) if style == "delta" else (lambda i: "dz%d" % i)
    over = "" if late else " / %d" % m
    after = " / %d" % m if late else ""
    say("%s = (%s)%s" % (name(depth), error, over),
        "" if late else "mean-missing | %s = %s" % (name(depth), error),
        "mean-twice | %s = (%s) / %d" % (name(depth), error, m if late else m * m),
        "sign | %s = (T - %s)%s" % (name(depth), error.split()[0], over),
        "two-factor | %s = 2 * (%s)%s" % (name(depth), error, over),
        "mean-wrong-size | %s = (%s) / %d" % (name(depth), error, 2 if late else 2 * m))
    for i in range(depth, 0, -1):
        below = "a%d" % (i - 1) if i > 1 else "X"
        d, product = name(i), "%s.T @ %s" % (below, name(i))
        own = " + 0.1 * W%d" % i if decay else ""
        square = widths[i - 1] == widths[i]
        say("dW%d = %s%s%s" % (i, product, after, own),
            "reg-missing | dW%d = %s%s" % (i, product, after) if decay else "",
            "reg-factor | dW%d = %s%s + 0.05 * W%d" % (i, product, after, i) if decay else "",
            "reg-sign | dW%d = %s%s - 0.1 * W%d" % (i, product, after, i) if decay else "",
            "mean-missing | dW%d = %s%s" % (i, product, own) if late else "",
            "pre-activation | dW%d = z%d.T @ %s%s%s" % (i, i - 1, d, after, own) if i > 1 else "",
            "transposed | dW%d = %s.T @ %s%s%s" % (i, d, below, after, own) if square else "",
            "offset | dW%d = %s%s%s + 0.3" % (i, product, after, own) if i % 2 else "",
            "mean-twice | dW%d = %s / %d%s" % (i, product, m * m, own) if late and i == 1 else "")
        say("db%d = sum(%s, 0)%s" % (i, d, after),
            "mean-missing | db%d = sum(%s, 0)" % (i, d) if late else
            "mean-twice | db%d = sum(%s, 0) / %d" % (i, d, m),
            "reg-on-bias | db%d = sum(%s, 0)%s + 0.1 * b%d" % (i, d, after, i) if decay else "",
            "one-sample | db%d = unit(1, %d, %d) @ %s%s" % (i, m, i % m, d, after),
            "sum-to-scalar | db%d = sum(%s)%s * ones(1, %d)" % (i, d, after, widths[i]))
        if i > 1:
            hidden(text, i - 1, activation, name, style, widths)
    say("end")
    return str(text)


def hidden(text, i, activation, name, style, widths):
    """The lines from layer i + 1 down to the pre-activation of layer i."""
    j = i + 1
    slope, second, third = (s.format(i=i, j=j).replace("dz%d" % j, name(j))
                            for s in SLOPES[activation])
    two, three = SLOPE_KINDS[activation]
    d, arrives = name(i), "%s @ W%d.T" % (name(j), j)
    wrong = []
    if style == "short":
        make = lambda up, local: "%s = %s" % (d, up + (" * " + local if local else ""))
        up = "(%s)" % arrives
    else:
        text.say("da%d = %s" % (i, arrives),
                 "updated-early | Wn%d = W%d - 0.5 * dW%d ;; da%d = %s @ Wn%d.T"
                 % (i, j, j, i, name(j), i),
                 "transposed | da%d = %s @ W%d" % (i, name(j), j) if widths[i] == widths[j] else "",
                 "stale | Wold%d = 0.8 * W%d ;; da%d = %s @ Wold%d.T" % (i, j, i, name(j), i)
                 if i == 1 else "")
        make = lambda up, local: "%s = %s" % (d, up + (" * " + local if local else ""))
        up = "da%d" % i
    wrong.append("derivative-missing | " + make(up, ""))
    wrong.append("%s | %s" % (two, make(up, second)))
    wrong.append("%s | %s" % (three, make(up, third)))
    if activation != "relu":
        wrong.append("derivative-twice | " + make(up, slope + " * " + slope))
        wrong.append("upstream-dropped | %s = %s" % (d, slope))
    if activation == "tanh":
        wrong.append("activation-twice | " + make(up, "(1 - tanh(a%d)^2)" % i))
    if i > 1 and widths[i] == widths[i - 1]:
        wrong.append("operand-cached | " + make(up, slope.replace("a%d" % i, "a%d" % (i - 1))
                                                .replace("z%d" % i, "z%d" % (i - 1))))
    text.say(make(up, slope), *wrong)


def recurrent(seed, steps, every, style):
    """A tanh network over time; every: a loss at each step, or at the last; style: sums or +=."""
    text = Text()
    say = text.say
    say("seed %d" % seed)
    ends = range(1, steps + 1) if every else [steps]
    for t in range(1, steps + 1):
        say("data x%d = randn(3, 2)" % t)
    for t in ends:
        say("data t%d = randn(3, 2)" % t)
    say("param h0 = randn(3, 3) / 2\nparam Wx = randn(2, 3) / 2\nparam Wh = randn(3, 3) / 2")
    say("param b = randn(1, 3) / 2\nparam Wy = randn(3, 2) / 2")
    for t in range(1, steps + 1):
        say("h%d = tanh(x%d @ Wx + h%d @ Wh + b)" % (t, t, t - 1))
    for t in ends:
        say("y%d = h%d @ Wy" % (t, t))
    say("L = " + " + ".join("sum((y%d - t%d)^2) / 3" % (t, t) for t in ends))
    say("backward")
    for t in ends:
        say("dy%d = 2 * (y%d - t%d) / 3" % (t, t, t),
            "two-missing | dy%d = (y%d - t%d) / 3" % (t, t, t) if t == steps else "",
            "mean-missing | dy%d = 2 * (y%d - t%d)" % (t, t, t) if t == steps else "")
    shares = ["h%d.T @ dy%d" % (t, t) for t in ends]
    say("dWy = " + " + ".join(shares),
        "last-step-only | dWy = " + shares[-1] if every else "",
        "wrong-state | dWy = " + " + ".join("h%d.T @ dy%d" % (t - 1, t) for t in ends),
        "mean-twice | dWy = (%s) / %d" % (" + ".join(shares), steps))
    for t in range(steps, 0, -1):
        own = "dy%d @ Wy.T" % t if t in ends else ""
        next_ = "dz%d @ Wh.T" % (t + 1) if t < steps else ""
        both = " + ".join(each for each in (own, next_) if each)
        say("dh%d = %s" % (t, both),
            "truncated | dh%d = %s" % (t, own) if own and next_ else "",
            "share-missing | dh%d = %s" % (t, next_) if own and next_ and t % 2 else "",
            "transposed | dh%d = %s" % (t, both.replace("Wh.T", "Wh")) if next_ and t < 4 else "",
            "share-sign | dh%d = %s - %s" % (t, own, next_) if own and next_ and t < 3 else "",
            "wrong-upstream | dh%d = %s" % (t, both.replace("dz%d" % (t + 1), "dh%d" % (t + 1)))
            if next_ else "")
        say("dz%d = dh%d * (1 - h%d^2)" % (t, t, t),
            "wrong-state | dz%d = dh%d * (1 - h%d^2)" % (t, t, t - 1),
            "derivative-missing | dz%d = dh%d" % (t, t),
            "activation-twice | dz%d = dh%d * (1 - tanh(h%d)^2)" % (t, t, t) if t == 1 else "",
            "derivative-missing | dz%d = dh%d * (1 - h%d)" % (t, t, t) if t == 2 else "")
    say("dh0 = dz1 @ Wh.T", "transposed | dh0 = dz1 @ Wh", "wrong-upstream | dh0 = dh1 @ Wh.T")
    time = range(1, steps + 1)
    sums(text, "dWx", ["x%d.T @ dz%d" % (t, t) for t in time],
         ["x%d.T @ dz%d" % (t, steps + 1 - t) for t in time], None, style)
    sums(text, "dWh", ["h%d.T @ dz%d" % (t - 1, t) for t in time],
         ["h%d.T @ dz%d" % (t - 1, steps + 1 - t) for t in time],
         ["h%d.T @ dz%d" % (t, t) for t in time], style)
    sums(text, "db", ["sum(dz%d, 0)" % t for t in time], None, None, style)
    say("end")
    return str(text)


def sums(text, target, shares, reverse, shifted, style):
    """Shares over time in one line, or one line each with +=, latest step first."""
    if style == "sums":
        text.say("%s = %s" % (target, " + ".join(shares)),
                 "last-step-only | %s = %s" % (target, shares[-1]),
                 "share-missing | %s = %s" % (target, " + ".join(shares[:-1])),
                 "first-step-missing | %s = %s" % (target, " + ".join(shares[1:])),
                 "time-reversed | %s = %s" % (target, " + ".join(reverse)) if reverse else "",
                 "wrong-state | %s = %s" % (target, " + ".join(shifted)) if shifted else "",
                 "mean-twice | %s = (%s) / %d" % (target, " + ".join(shares), len(shares)))
        return
    for at, share in enumerate(reversed(shares)):
        text.say("%s %s %s" % (target, "+=" if at else "=", share),
                 "share-missing | -" if at else "",
                 "overwrite | %s = %s" % (target, share) if at else "",
                 "double-count | %s += 2 * %s" % (target, share) if at == 1 else "",
                 "share-sign | %s += -%s" % (target, share) if at == 1 else "",
                 "wrong-state | %s %s %s" % (target, "+=" if at else "=",
                                             shifted[len(shares) - 1 - at]) if shifted else "")


def lstm(seed, steps):
    """Long short-term memory by hand, with the pre-activations' gradients as helpers."""
    text = Text()
    say = text.say
    say("seed %d" % seed)
    for t in range(1, steps + 1):
        say("data x%d = randn(2, 2)\ndata t%d = randn(2, 2)" % (t, t))
    say("data h0 = randn(2, 2)\ndata c0 = randn(2, 2)")
    for g in "fiog":
        say("param W%s = randn(2, 2)\nparam U%s = randn(2, 2)\nparam b%s = randn(1, 2)" % (g, g, g))
    for t in range(1, steps + 1):
        for g in "fiog":
            say("%s%d = %s(x%d @ W%s + h%d @ U%s + b%s)"
                % (g, t, "tanh" if g == "g" else "sigmoid", t, g, t - 1, g, g))
        say("c{0} = f{0} * c{1} + i{0} * g{0}".format(t, t - 1))
        say("s{0} = tanh(c{0})\nh{0} = o{0} * s{0}".format(t))
    say("L = " + " + ".join("sum((h%d - t%d)^2)" % (t, t) for t in range(1, steps + 1)))
    say("backward")
    for t in range(steps, 0, -1):
        lstm_step(text, t, t == steps)
    for g in "fiog":
        time = range(1, steps + 1)
        shares = ["h%d.T @ dp%s%d" % (t - 1, g, t) for t in time]
        say("dW%s = " % g + " + ".join("x%d.T @ dp%s%d" % (t, g, t) for t in time),
            "last-step-only | dW%s = x%d.T @ dp%s%d" % (g, steps, g, steps) if g in "fo" else "",
            "gates-mixed | dWi = " + " + ".join("x%d.T @ dpf%d" % (t, t) for t in time)
            if g == "i" else "")
        say("dU%s = " % g + " + ".join(shares),
            "wrong-state | dU%s = " % g + " + ".join("h%d.T @ dp%s%d" % (t, g, t) for t in time),
            "share-missing | dU%s = " % g + " + ".join(shares[:-1]) if g == "g" else "")
        say("db%s = " % g + " + ".join("sum(dp%s%d, 0)" % (g, t) for t in time),
            "gates-mixed | dbo = " + " + ".join("sum(dpi%d, 0)" % t for t in time)
            if g == "o" else "")
    say("end")
    return str(text)


def lstm_step(text, t, last):
    """The backward lines of one step of the cell; the last step hears from its loss alone."""
    def say(line, *wrong):
        form = dict(t=t, u=t - 1, n=t + 1)
        text.say(line.format(**form), *(each.format(**form) for each in wrong if each))
    through = "".join(" + dp%s{n} @ U%s.T" % (g, g) for g in "fiog")
    own = "2 * (h{t} - t{t})"
    say("dh{t} = " + own + ("" if last else through),
        "" if last else "truncated | dh{t} = " + own,
        "" if last else "share-missing | dh{t} = " + own + through.rsplit(" + ", 1)[0],
        "" if last else "weight-wrong | dh{t} = " + own + through.replace("Ui", "Uf"),
        "two-missing | dh{t} = h{t} - t{t}" + through if not last else "")
    say("do{t} = dh{t} * s{t}", "operand-cached | do{t} = dh{t} * c{t}")
    say("ds{t} = dh{t} * o{t}", "gates-mixed | ds{t} = dh{t} * i{t}")
    direct = "ds{t} * (1 - s{t}^2)"
    rest = "" if last else " + dc{n} * f{n}"
    say("dc{t} = " + direct + rest,
        "" if last else "truncated | dc{t} = " + direct,
        "" if last else "gates-mixed | dc{t} = " + direct + " + dc{n} * i{n}",
        "" if last else "chain-factor-missing | dc{t} = " + direct + " + dc{n}",
        "" if last else "wrong-state | dc{t} = " + direct + " + dc{n} * f{t}",
        "derivative-missing | dc{t} = ds{t}" + rest,
        "pre-activation | dc{t} = ds{t} * (1 - c{t}^2)" + rest,
        "activation-twice | dc{t} = ds{t} * (1 - tanh(s{t})^2)" + rest)
    say("df{t} = dc{t} * c{u}", "wrong-state | df{t} = dc{t} * c{t}")
    say("di{t} = dc{t} * g{t}", "gates-mixed | di{t} = dc{t} * i{t}")
    say("dg{t} = dc{t} * i{t}", "gates-mixed | dg{t} = dc{t} * f{t}")
    for g in "fio":
        say("dp%s{t} = d%s{t} * %s{t} * (1 - %s{t})" % (g, g, g, g),
            "derivative-missing | dp%s{t} = d%s{t}" % (g, g) if g == "i" else "",
            "derivative-half | dp%s{t} = d%s{t} * %s{t}" % (g, g, g) if g == "f" else "",
            "other-derivative | dp%s{t} = d%s{t} * (1 - %s{t}^2)" % (g, g, g) if g == "o" else "")
    say("dpg{t} = dg{t} * (1 - g{t}^2)",
        "other-derivative | dpg{t} = dg{t} * g{t} * (1 - g{t})",
        "derivative-missing | dpg{t} = dg{t}")


def families():
    """Names and texts."""
    out = []
    for seed, depth, activation, loss, late, style in (
            (201, 2, "tanh", "squares", False, "plain"),
            (202, 2, "sigmoid", "squares", True, "delta"),
            (203, 2, "relu", "softmax", True, "plain"),
            (204, 3, "tanh", "softmax", False, "delta"),
            (205, 3, "relu", "squares", True, "decay"),
            (206, 3, "sigmoid", "softmax", False, "decay"),
            (207, 3, "tanh", "squares", True, "short"),
            (208, 4, "tanh", "squares", False, "short"),
            (209, 4, "relu", "softmax", False, "plain"),
            (210, 4, "sigmoid", "squares", True, "plain"),
            (211, 5, "tanh", "softmax", True, "decay"),
            (212, 6, "tanh", "squares", False, "delta"),
            (213, 6, "relu", "squares", True, "plain")):
        out.append(("network-%d-%s-%s-%s-%s" % (depth, activation, loss,
                                                "late" if late else "early", style),
                    network(seed, depth, activation, loss, late, style)))
    for seed, steps, every, style in ((221, 3, True, "sums"),
            (222, 4, False, "adds"),
                                      (223, 5, True, "adds"),
            (224, 8, True, "sums"),
                                      (225, 16, True, "adds")):
        out.append(("recurrent-%d-%s-%s" % (steps, "every" if every else "last", style),
                    recurrent(seed, steps, every, style)))
    for seed, steps in ((231, 2), (232, 4), (233, 7)):
        out.append(("lstm-%d" % steps, lstm(seed, steps)))
    return out
