"""Probabilities of scikit-learn's logistic regression on standardised features.

    python make.py        writes logistic.json beside this file; needs numpy and scikit-learn
"""

import json
from pathlib import Path

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

random = numpy.random.default_rng(7)
cases = []
for rows, features, classes in ((60, 4, 2), (90, 12, 3), (40, 64, 4)):
    labels = numpy.arange(rows) % classes
    centres = random.normal(size=(classes, features))
    values = (centres[labels] + random.normal(size=(rows, features)) * 1.5).astype(numpy.float32)
    values[:, 0] = values[:, 0] * 100 + 7
    values[:, 1] = 3  # a constant
    scaler = StandardScaler().fit(values[: rows // 2])
    head = LogisticRegression(C=1, tol=1e-10, max_iter=10000)
    head.fit(scaler.transform(values[: rows // 2]), labels[: rows // 2])
    found = head.predict_proba(scaler.transform(values[rows // 2 :]))
    cases.append(
        {
            "rows": rows,
            "features": features,
            "classes": classes,
            "values": [round(float(v), 5) for v in values.ravel()],
            "probabilities": [round(float(p), 6) for p in found.ravel()],
        }
    )
path = Path(__file__).with_name("logistic.json")
path.write_text(json.dumps(cases) + "\n")
