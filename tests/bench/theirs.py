"""Times the work named on the command line in NumPy or PyTorch and prints the seconds of one turn:
theirs.py numpy|torch|torch32 check|process|directions|pass|train DATA-FOLDER. Reading the data is
not timed. torch32 is PyTorch in single precision, which does the training only."""
import os
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
    if what in ("check", "process"):  # a process of ours is held against NumPy's loop alone
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


def training_with_torch(dtype_name, folder):
    """The shortest of a training by each of BENCH_THREADS numbers of threads: on a busy machine two
    threads wait for each other, and PyTorch is quicker by one."""
    import torch
    import net_torch

    dtype = getattr(torch, dtype_name)
    x, t = net_torch.tensors(*net.read_set(folder, "train"), dtype)
    tests = net_torch.tensors(*net.read_set(folder, "t10k"), dtype)

    def by(threads):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        np.random.seed(0)
        model = net_torch.network(dtype)
        return seconds(lambda: net_torch.train(model, x, t, tests, 10000))

    return min(by(int(threads)) for threads in os.environ.get("BENCH_THREADS", "2 1").split())


def with_torch(what, folder):
    import torch
    from torch.autograd import gradcheck

    if what == "train":
        return training_with_torch("float64", folder)
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


def with_torch32(what, folder):
    return training_with_torch("float32", folder) if what == "train" else None


if __name__ == "__main__":
    who, what, folder = sys.argv[1:]
    result = {"numpy": with_numpy, "torch": with_torch, "torch32": with_torch32}[who](what, folder)
    if result is not None:
        print(result)
