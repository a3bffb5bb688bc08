"""The network of lesson 5 the way a NumPy notebook builds it, layer by layer: 784-50-10, weights
0.01 * randn, biases 0, mean of -log(p + 1e-7). Order and values are the lesson's; the images are in
single precision, as the notebook's loader leaves them, so that NumPy converts them wherever they
meet weights."""
import gzip
import os

import numpy as np


def read_idx(folder, name, header):
    with gzip.open(os.path.join(folder, "mnist", name + ".gz")) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def read_set(folder, name):
    images = read_idx(folder, name + "-images-idx3-ubyte", 16).reshape(-1, 784).astype(np.float32)
    images /= 255.0
    labels = read_idx(folder, name + "-labels-idx1-ubyte", 8)
    return images, np.eye(10)[labels]


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class Relu:
    def forward(self, x):
        self.positive = x > 0
        return x * self.positive

    def backward(self, dout):
        return dout * self.positive


class SoftmaxWithLoss:
    def forward(self, x, t):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.y, self.t = e / np.sum(e, axis=1, keepdims=True), t
        return -np.sum(t * np.log(self.y + 1e-7)) / len(x)

    def backward(self):
        return (self.y - self.t) / len(self.t)


class Network:
    def __init__(self):
        self.params = {"W1": 0.01 * np.random.randn(784, 50), "b1": np.zeros(50),
                       "W2": 0.01 * np.random.randn(50, 10), "b2": np.zeros(10)}
        self.first = Affine(self.params["W1"], self.params["b1"])
        self.second = Affine(self.params["W2"], self.params["b2"])
        self.layers = [self.first, Relu(), self.second]
        self.last = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last.forward(self.predict(x), t)

    def gradient(self, x, t):
        """One pass forward, one back."""
        self.loss(x, t)
        dout = self.last.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return {"W1": self.first.dW, "b1": self.first.db,
                "W2": self.second.dW, "b2": self.second.db}

    def accuracy(self, x, t):
        return np.mean(np.argmax(self.predict(x), axis=1) == np.argmax(t, axis=1))


def numerical_gradient(f, x, h=1e-4):
    """Central differences: perturb an entry, run forward, restore."""
    grad = np.zeros_like(x)
    entries = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    for _ in entries:
        at = entries.multi_index
        saved = x[at]
        x[at] = saved + h
        plus = f()
        x[at] = saved - h
        minus = f()
        x[at] = saved
        grad[at] = (plus - minus) / (2 * h)
    return grad


def train(net, x, t, tests, steps, batch=100, rate=0.1):
    """Stochastic gradient descent as the notebook has it: the batch's loss after every step, for the
    curve, and the accuracies after the first step of each epoch, for the table."""
    losses, table = [], []
    for step in range(steps):
        mask = np.random.choice(len(x), batch)
        some, labels = x[mask], t[mask]
        grads = net.gradient(some, labels)
        for name in net.params:
            net.params[name] -= rate * grads[name]
        losses.append(net.loss(some, labels))
        if step % max(len(x) // batch, 1) == 0:
            table.append((net.accuracy(x, t), net.accuracy(*tests)))
    return losses, table
