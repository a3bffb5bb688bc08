"""The network of net.py and its training as one writes them in PyTorch: modules, a fused loss on
class numbers, the library's optimiser. Steps, batches, rate, losses and accuracies are those of
net.train."""
import torch
from torch import nn
from torch.nn import functional as F

import net


def network(dtype):
    """Starts at the weights of net.Network."""
    params = {name: torch.tensor(p, dtype=dtype) for name, p in net.Network().params.items()}
    first, second = nn.Linear(784, 50, dtype=dtype), nn.Linear(50, 10, dtype=dtype)
    with torch.no_grad():
        first.weight.copy_(params["W1"].T), first.bias.copy_(params["b1"])
        second.weight.copy_(params["W2"].T), second.bias.copy_(params["b2"])
    return nn.Sequential(first, nn.ReLU(), second)


def tensors(images, labels, dtype):
    """Images in the network's precision, so that no step converts them, and class numbers."""
    return torch.tensor(images, dtype=dtype), torch.tensor(labels.argmax(axis=1))


def accuracy(model, x, t):
    return (model(x).argmax(dim=1) == t).float().mean().item()


def train(model, x, t, tests, steps, batch=100, rate=0.1):
    """As net.train: the batch's loss after every step, and the accuracies after the first step of
    each epoch."""
    losses, table = [], []
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for step in range(steps):
        mask = torch.randint(len(x), (batch,))
        some, labels = x[mask], t[mask]
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(some), labels).backward()
        optimizer.step()
        with torch.inference_mode():
            losses.append(F.cross_entropy(model(some), labels).item())
            if step % max(len(x) // batch, 1) == 0:
                table.append((accuracy(model, x, t), accuracy(model, *tests)))
    return losses, table
