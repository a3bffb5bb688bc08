"""Times the work named on the command line in NumPy or PyTorch and prints the seconds of one turn:
theirs.py numpy|torch check|directions|pass|train DATA-FOLDER. Reading the data is not timed."""
import sys
import time

import numpy as np

import net

THREE = slice(0, 3)


def seconds(work, turns=1):
    start = time.perf_counter()
    for _ in range(turns):
        work()
    return (time.perf_counter() - start) / turns


def with_numpy(what, folder):
    x, t = net.read_set(folder, "train")
    np.random.seed(0)
    model = net.Network()
    if what == "check":
        f = lambda: model.loss(x[THREE], t[THREE])
        return seconds(lambda: [net.numerical_gradient(f, p) for p in model.params.values()])
    if what == "pass":
        few, labels = x[THREE].copy(), t[THREE].copy()
        model.gradient(few, labels)
        return seconds(lambda: model.gradient(few, labels), 1000)
    if what == "train":
        tests = net.read_set(folder, "t10k")
        return seconds(lambda: net.train(model, x, t, tests, 10000))
    return None


def with_torch(what, folder):
    import torch
    from torch.autograd import gradcheck

    x, t = net.read_set(folder, "train")
    x, t = torch.tensor(x[THREE]).double(), torch.tensor(t[THREE])
    np.random.seed(0)
    params = [torch.tensor(p, requires_grad=True) for p in net.Network().params.values()]

    def loss(w1, b1, w2, b2):
        p = torch.softmax(torch.relu(x @ w1 + b1) @ w2 + b2, dim=1)
        return -torch.sum(t * torch.log(p + 1e-7)) / len(x)

    def check(fast):
        step = 1e-6 if fast else 1e-4
        if not gradcheck(loss, params, eps=step, fast_mode=fast, raise_exception=False):
            raise SystemExit("gradcheck failed")

    def both_ways():
        for p in params:
            p.grad = None
        loss(*params).backward()

    if what == "check":
        return seconds(lambda: check(False))
    if what == "directions":
        check(True)
        return seconds(lambda: check(True), 20)
    if what == "pass":
        both_ways()
        return seconds(both_ways, 1000)
    return None


if __name__ == "__main__":
    who, what, folder = sys.argv[1:]
    result = (with_numpy if who == "numpy" else with_torch)(what, folder)
    if result is not None:
        print(result)
