"""scikit-learn's logistic regression over the folds of `zoo finetune --folds`:

    zoo import alexnet_features_imagenet.pth --as alexnet --partial -o alexnet.h5
    zoo features alexnet.h5 --data hymenoptera_256/train -o features.h5   # a copy without splits
    zoo finetune alexnet.h5 --data hymenoptera_256/train -o run --folds 3
    python make.py run features.h5                                        # writes golden.json

Needs h5py, numpy and scikit-learn. `parts` has the fold of every picture, by its name.
"""
import csv
import json
import os
import sys

import h5py
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

run, path = sys.argv[1:]
folds = 3
with h5py.File(path) as f:
    x, y = f["features"][:], f["labels"][:]
    names = [n.decode().rstrip("\0") for n in f["names"][:].ravel()]
place = {name: index for index, name in enumerate(names)}
parts = {}
golden = {"folds": folds}
for fold in range(1, folds + 1):
    with open(f"{run}/fold-{fold}/pictures.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["part"] == "test":
                parts[row["image"]] = fold
golden["parts"] = "".join(str(parts[name]) for name in sorted(parts))
for title, model in [
    ("raw", LogisticRegression(max_iter=5000)),
    ("standardised", make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))),
]:
    scores, losses = [], []
    for fold in range(1, folds + 1):
        held = np.array([place[n] for n in names if parts[n] == fold])
        train = np.array([place[n] for n in names if parts[n] != fold])
        model.fit(x[train], y[train])
        scores.append(model.score(x[held], y[held]))
        losses.append(log_loss(y[held], model.predict_proba(x[held])))
    golden[title] = {
        "accuracy": [round(s, 6) for s in scores], "mean": round(float(np.mean(scores)), 6),
        "deviation": round(float(np.std(scores, ddof=1)), 6),
        "logLoss": round(float(np.mean(losses)), 6)}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as file:
    json.dump(golden, file, indent=1)
    file.write("\n")
