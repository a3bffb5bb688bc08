"""What an entry of a tensor is: a float, a complex number, or a place on a tape of scalars.

The three give values, slopes by a complex step, and gradients. Complex steps know no rule of
differentiation at all, so that the tape can be compared with them.
"""
import cmath
import math

def quiet(function):
    """As C has it: out of bounds is inf or nan, not an exception."""
    def wrapped(*values):
        try:
            return function(*values)
        except ZeroDivisionError:
            over = values[0]
            return math.copysign(math.inf, over) if over else math.nan
        except OverflowError:
            return math.inf
        except ValueError:
            return -math.inf if values[0] == 0 else math.nan
    return wrapped


def power(a, b):
    result = a ** b
    return math.nan if isinstance(result, complex) else result


class Floats:
    """Entries are floats."""
    unary = {"neg": lambda a: -a, "exp": quiet(math.exp), "log": quiet(math.log),
             "sqrt": quiet(math.sqrt), "abs": abs, "sin": math.sin, "cos": math.cos,
             "tanh": math.tanh}
    binary = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
              "/": quiet(lambda a, b: a / b), "^": quiet(power),
              "max": lambda a, b: a if a > b else b, "min": lambda a, b: a if a < b else b}

    def constant(self, x):
        return x

    def real(self, a):
        return a

    def own(self, tensor):
        """A node's own entries, not those of the node that it is a transpose of."""
        return tensor

    def total(self, entries):
        return math.fsum(entries) if all(map(math.isfinite, entries)) else sum(entries)

    def dot(self, left, right):
        return sum(map(lambda a, b: a * b, left, right))


class Complexes(Floats):
    """Entries are complex numbers; an imaginary part of 1e-30 carries a slope exactly."""
    unary = {"neg": lambda a: -a, "exp": cmath.exp, "log": cmath.log, "sqrt": cmath.sqrt,
             "abs": lambda a: a if a.real > 0 else -a, "sin": cmath.sin, "cos": cmath.cos,
             "tanh": cmath.tanh}
    binary = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
              "/": lambda a, b: a / b,
              "^": lambda a, b: complex_power(a, b),
              "max": lambda a, b: a if a.real > b.real else b,
              "min": lambda a, b: a if a.real < b.real else b}

    def constant(self, x):
        return complex(x)

    def real(self, a):
        return a.real

    def total(self, entries):
        return sum(entries)


def complex_power(a, b):
    if b.imag == 0 and b.real == int(b.real) and abs(b.real) < 20:
        result, n = 1, int(abs(b.real))
        for _ in range(n):
            result = result * a
        return result if b.real >= 0 else 1 / result
    return cmath.exp(b * cmath.log(a))


class Tape:
    """Entries are places on a tape of scalars; each knows its slopes in its parents."""

    def __init__(self):
        self.values, self.parents, self.slopes = [], [], []
        self.unary = {name: self.one(name) for name in Floats.unary}
        self.binary = {name: self.two(name) for name in Floats.binary}

    def push(self, value, parents=(), slopes=()):
        self.values.append(value)
        self.parents.append(parents)
        self.slopes.append(slopes)
        return len(self.values) - 1

    def constant(self, x):
        return self.push(x)

    def own(self, tensor):
        return tensor[0], tensor[1], [self.push(self.values[e], (e,), (1.0,)) for e in tensor[2]]

    def real(self, a):
        return self.values[a]

    def one(self, name):
        value_of, slope_of = Floats.unary[name], SLOPE[name]

        def apply(a):
            x = self.values[a]
            y = value_of(x)
            return self.push(y, (a,), (slope_of(x, y),))
        return apply

    def two(self, name):
        value_of, slopes_of = Floats.binary[name], SLOPES[name]

        def apply(a, b):
            x, y = self.values[a], self.values[b]
            out = value_of(x, y)
            return self.push(out, (a, b), slopes_of(x, y, out))
        return apply

    def total(self, entries):
        return self.push(math.fsum(self.values[e] for e in entries), tuple(entries),
                         (1.0,) * len(entries))

    def dot(self, left, right):
        x, y = [self.values[a] for a in left], [self.values[b] for b in right]
        return self.push(sum(a * b for a, b in zip(x, y)), tuple(left) + tuple(right),
                         tuple(y) + tuple(x))

    def gradients(self, loss):
        """d loss / d entry, for every entry of the tape."""
        out = [0.0] * len(self.values)
        out[loss] = 1.0
        for node in range(loss, -1, -1):
            arrives = out[node]
            if arrives:
                for parent, slope in zip(self.parents[node], self.slopes[node]):
                    out[parent] += arrives * slope
        return out


def sign(x):
    return (x > 0) - (x < 0)


SLOPE = {"neg": lambda x, y: -1.0, "exp": lambda x, y: y, "log": lambda x, y: 1 / x,
         "sqrt": lambda x, y: 0.5 / y, "abs": lambda x, y: float(sign(x)),
         "sin": lambda x, y: math.cos(x), "cos": lambda x, y: -math.sin(x),
         "tanh": lambda x, y: 1 / math.cosh(x) ** 2 if abs(x) < 300 else 0.0}


def pow_slopes(x, y, out):
    base = 0.0 if y == 0 else y * Floats.binary["^"](x, y - 1)
    if x > 0:
        return (base, out * math.log(x))
    return (base, 0.0 if x == 0 and y > 0 else math.nan)


SLOPES = {"+": lambda x, y, out: (1.0, 1.0), "-": lambda x, y, out: (1.0, -1.0),
          "*": lambda x, y, out: (y, x), "/": lambda x, y, out: (1 / y, -out / y),
          "^": pow_slopes,
          "max": lambda x, y, out: (1.0, 0.0) if x > y else (0.0, 1.0),
          "min": lambda x, y, out: (1.0, 0.0) if x < y else (0.0, 1.0)}
