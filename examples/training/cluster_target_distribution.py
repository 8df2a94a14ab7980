"""Cluster digits without a label: an encoder trained towards surer and more even clusters of its own.

    python examples/training/cluster_target_distribution.py            # about 15 seconds on one core

Deep embedded clustering: an autoencoder, k-means on its code, and then encoder and centers trained together
towards `cluster_target_distribution`, made anew now and then. Beside it the same loop towards targets that
are only surer (p squared, made to add up to 1), without the division by the sizes of clusters.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

import torch
from handwritten import Images, batches, digits, network
from lossary.losses.metric_learning.relative_entropy_clustering import relative_entropy_clustering
from lossary.metrics import clustering_accuracy, normalized_mutual_info_score
from lossary.training.cluster_target_distribution import cluster_target_distribution
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn import functional

BATCH, REFRESH = 128, 50


class Clusters(NamedTuple):
    """How ten clusters agree with ten digits, and how even they are."""

    accuracy: float
    mutual_information: float
    smallest: float  # share of the images in the smallest cluster
    largest: float


class Result(NamedTuple):
    """k-means on the code of the autoencoder, and what both kinds of targets make of it."""

    k_means: Clusters
    surer: Clusters
    even: Clusters


def surer(probabilities: Tensor) -> Tensor:
    """Targets without the sizes of clusters."""
    return functional.normalize(probabilities.square(), p=1.0)


def even(probabilities: Tensor) -> Tensor:
    """The targets of deep embedded clustering."""
    return cluster_target_distribution(probabilities, kind="dec")


def autoencoder(images: Images, steps: int, seed: int) -> nn.Sequential:
    """An encoder whose ten numbers tell the image."""
    encoder = network(seed=seed, width=128)
    decoder = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 64))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)
    for pixels, _ in batches(images, BATCH, steps, seed=seed):
        loss = functional.mse_loss(decoder(encoder(pixels)), pixels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return encoder


def logits(code: Tensor, centers: Tensor) -> Tensor:
    """Of the clusters: a Student t distribution around each center."""
    return -torch.cdist(code, centers).square().log1p()


def refine(
    target_of: Callable[[Tensor], Tensor], encoder: nn.Sequential, centers: Tensor, pixels: Tensor, steps: int
) -> Tensor:
    """Train copies of encoder and centers towards the targets; the cluster of each image."""
    encoder, centers = deepcopy(encoder), centers.clone().requires_grad_()
    optimizer = torch.optim.Adam([*encoder.parameters(), centers], lr=1e-3)
    draws = torch.Generator().manual_seed(0)
    for step in range(steps):
        if step % REFRESH == 0:
            with torch.no_grad():
                target = target_of(logits(encoder(pixels), centers).softmax(1))
        rows = torch.randint(len(pixels), (BATCH,), generator=draws)
        loss = relative_entropy_clustering(logits(encoder(pixels[rows]), centers), target[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return logits(encoder(pixels), centers).argmax(1)


def judge(clusters: Tensor, digit: Tensor) -> Clusters:
    """Against the digits, which nothing was trained on."""
    share = torch.bincount(clusters, minlength=10) / len(digit)
    return Clusters(
        float(clustering_accuracy(digit, clusters)),
        float(normalized_mutual_info_score(digit, clusters)),
        float(share.min()),
        float(share.max()),
    )


def compare(*, seed: int = 0, steps: int = 1500) -> Result:
    """One autoencoder and k-means of its code, refined towards both targets."""
    torch.manual_seed(seed)
    images, _ = digits(seed=seed, test=0.0)
    encoder = autoencoder(images, steps, seed)
    code = encoder(images.pixels).detach()
    centers = torch.tensor(KMeans(10, n_init=10, random_state=seed).fit(code.numpy()).cluster_centers_)
    found = [torch.cdist(code, centers).argmin(1)]
    found += [refine(target_of, encoder, centers, images.pixels, steps) for target_of in (surer, even)]
    return Result(*(judge(clusters, images.digit) for clusters in found))


def main() -> None:
    """Print a line for each way."""
    torch.set_num_threads(1)
    print(f"{'':8} {'accuracy':>9} {'mutual information':>19} {'smallest':>9} {'largest':>8}")
    for name, found in compare()._asdict().items():
        print(f"{name:8} {found[0]:9.3f} {found[1]:19.3f} {found[2]:9.3f} {found[3]:8.3f}")


if __name__ == "__main__":
    main()
