"""Principal components, k-means and t-SNE by scikit-learn: `python make.py` writes golden.json.

Needs numpy and scikit-learn. Inputs are formulas that Swift computes to the same bit.
"""
import json
import os
import sys

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "architectures"))
from formula import unit  # noqa: E402


def rows_of(name, count, width, groups, spread=1):
    """Points around a few centres, with less noise along later axes."""
    centres = unit(name + ".centre", groups * width).reshape(groups, width)[np.arange(count) % groups]
    scale = np.float32(8) / (np.float32(4) + np.arange(width, dtype=np.float32))
    rows = np.float32(spread) * centres + unit(name + ".noise", count * width).reshape(count, width) * scale
    assert rows.dtype == np.float32
    return rows


def components(name, count, width, groups, most):
    rows = rows_of(name, count, width, groups).astype(np.float64)
    pca = PCA(most, svd_solver="full").fit(rows)
    # The largest number of a direction is positive, whatever the version of scikit-learn.
    signs = np.sign(pca.components_[np.arange(most), np.abs(pca.components_).argmax(1)])
    return dict(name=name, count=count, width=width, groups=groups, variances=pca.explained_variance_.tolist(),
                shares=pca.explained_variance_ratio_.tolist(),
                directions=(pca.components_ * signs[:, None]).tolist(),
                first=(pca.transform(rows[:3]) * signs).tolist())


def clusters(name, count, width, groups, k, spread):
    rows = rows_of(name, count, width, groups, spread).astype(np.float64)
    found = KMeans(k, n_init=10, tol=0, random_state=0).fit(rows)
    return dict(name=name, count=count, width=width, groups=groups, clusters=k, spread=spread, inertia=float(found.inertia_),
                silhouette=float(silhouette_score(rows, found.labels_)))


def plane(name, count, width, groups, perplexity):
    rows = rows_of(name, count, width, groups)
    # Another start of the random numbers changes nothing: the start is that of principal components.
    found = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=0).fit(rows)
    return dict(name=name, count=count, width=width, groups=groups, perplexity=perplexity,
                divergence=float(found.kl_divergence_))


golden = dict(
    components=[components("high", 300, 24, 5, 8), components("wide", 20, 60, 3, 12)],
    clusters=[clusters("apart", 400, 6, 5, 5, 6), clusters("cloud", 1000, 24, 3, 17, 1)],
    plane=[plane("groups", 1000, 24, 8, 30), plane("few", 120, 10, 4, 10), plane("cloud", 800, 24, 1, 20)],
)
with open(os.path.join(here, "golden.json"), "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
