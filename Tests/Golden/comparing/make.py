"""McNemar's test and the bootstrap: `python make.py` writes golden.json.

Needs numpy, scipy, statsmodels and scikit-learn. The draws are repeated with the same random numbers
as in Swift, so these intervals are equal; those of scipy.stats.bootstrap come from other draws.
"""
import json
import os

import numpy as np
from scipy import stats
from sklearn import metrics as m
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

here = os.path.dirname(os.path.abspath(__file__))
MASK = (1 << 64) - 1
DRAWS = 300


def mix(value):
    z = (value + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def fnv1a(text):
    hash = 0xCBF29CE484222325
    for byte in text.encode():
        hash = ((hash ^ byte) * 0x100000001B3) & MASK
    return hash


def draw(seed, number, count):
    state = mix(mix(mix(seed) ^ fnv1a("bootstrap")) ^ mix(number))
    bits = [mix((state + i * 0x9E3779B97F4A7C15) & MASK) for i in range(count)]
    return np.array([b * count >> 64 for b in bits])


def interval(values):
    return [float(v) for v in np.quantile(values, [0.025, 0.975])]


random = np.random.default_rng(7)
count = 150
labels = random.integers(0, 2, count)


def model(strength):
    p = np.clip(0.5 + strength * (labels - 0.5) + random.normal(0, 0.28, count), 0.01, 0.99)
    return np.round(p, 4).astype(np.float32)


first, second = model(0.35), model(0.62)


def classification(p, items):
    y, q = labels[items], p[items]
    # The first of two equal probabilities is predicted.
    said = (q > 1 - q).astype(int)
    return {
        "accuracy": m.accuracy_score(y, said), "balancedAccuracy": m.balanced_accuracy_score(y, said),
        "f1": m.f1_score(y, said), "auc": m.roc_auc_score(y, q),
        "averagePrecision": m.average_precision_score(y, q)}


draws = [draw(0, number, count) for number in range(DRAWS)]
drawn = [[classification(p, items) for items in draws] for p in (first, second)]
names = list(drawn[0][0])
differences = {}
for name in names:
    d = np.array([b[name] - a[name] for a, b in zip(*drawn)])
    least = min((d >= 0).sum(), (d <= 0).sum())
    differences[name] = {
        "interval": interval(d), "p": float(min(1, 2 * (least + 1) / (DRAWS + 1)))}

# Whole groups are drawn: pictures 0 to 4, 5 to 9, and so on.
size = 5
grouped = []
for number in range(DRAWS):
    groups = draw(0, number, count // size)
    grouped.append(classification(second, np.concatenate([np.arange(g * size, g * size + size) for g in groups])))

every = np.arange(count)
theirs = {}
for name in names:
    result = stats.bootstrap(
        (every,), lambda items, name=name: classification(second, items)[name], n_resamples=4999,
        vectorized=False, method="percentile", random_state=np.random.default_rng(1))
    theirs[name] = [float(v) for v in result.confidence_interval]

truth = np.round(random.normal(40, 12, 80), 3).astype(np.float32)
guess = np.round(truth + random.normal(0, 5, 80), 3).astype(np.float32)
numbers = []
for number in range(DRAWS):
    items = draw(0, number, 80)
    a, b = guess[items].astype(np.float64), truth[items].astype(np.float64)
    numbers.append({
        "mae": m.mean_absolute_error(b, a), "rmse": m.root_mean_squared_error(b, a),
        "r2": m.r2_score(b, a)})

right = [[bool(v) for v in ((p > 1 - p).astype(int) == labels)] for p in (first, second)]
table = [[0, 0], [0, 0]]
for a, b in zip(*right):
    table[1 - a][1 - b] += 1
pairs = [(0, 0), (0, 1), (1, 0), (0, 6), (3, 11), (8, 9), (25, 25), (40, 61), (500, 430), (3, 90)]
ps = [0.01, 0.04, 0.03, 0.5, 0.0004]
golden = {
    "labels": labels.tolist(), "first": [float(v) for v in first.round(4).astype(str).astype(float)],
    "second": [float(v) for v in second.round(4).astype(str).astype(float)], "draws": DRAWS,
    "intervals": {name: interval([d[name] for d in drawn[1]]) for name in names},
    "grouped": {name: interval([d[name] for d in grouped]) for name in names},
    "differences": differences, "scipy": theirs,
    "truth": [float(str(v)) for v in truth], "guess": [float(str(v)) for v in guess],
    "numbers": {name: interval([n[name] for n in numbers]) for name in numbers[0]},
    "mcnemar": [
        {"onlyFirst": a, "onlySecond": b,
         "p": float(mcnemar([[50, a], [b, 50]], exact=True).pvalue) if a + b else 1.0}
        for a, b in pairs],
    "pair": {"onlyFirst": table[0][1], "onlySecond": table[1][0],
             "p": float(mcnemar(table, exact=True).pvalue)},
    "holm": {"p": ps, "adjusted": [float(v) for v in multipletests(ps, method="holm")[1]]},
}
with open(os.path.join(here, "golden.json"), "w") as file:
    json.dump(golden, file, indent=1)
    file.write("\n")
