"""What scikit-learn, scikit-image and pycocotools compute: `python make.py` writes golden.json.

Needs numpy, scikit-learn, scikit-image and pycocotools. Inputs are formulas that Swift computes to
the same bit; only results are stored.
"""
import contextlib
import io
import json
import os
import sys
import warnings

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from skimage import metrics as image
from sklearn import metrics as m

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "architectures"))
from formula import unit  # noqa: E402

warnings.simplefilter("ignore")


def whole(name, count, below):
    """Integers in 0..<below."""
    return np.minimum(((unit(name, count).astype(np.float64) + 1) / 2 * below).astype(int), below - 1)


def clean(value):
    if value is None:
        return None
    value = float(value)
    return value if np.isfinite(value) else None


def scores(name, count, classes, coarse, missing):
    """Probabilities as quotients of integers, and labels that they more or less tell."""
    labels = whole(name + ".label", count, classes)
    labels = np.where(np.isin(labels, missing), (labels + 1) % classes, labels)
    weights = 1 + whole(name + ".weight", count * classes, coarse).reshape(count, classes)
    weights[np.arange(count), labels] += whole(name + ".bonus", count, coarse)
    weights = weights.astype(np.float32)
    total = weights.sum(1, dtype=np.float32)[:, None]
    return labels, weights / total


def calibration(p, labels, bins=15):
    """Guo et al. 2017, as in their temperature_scaling.py."""
    confidence, predicted = p.max(1).astype(np.float64), p.argmax(1)
    edges = np.arange(bins + 1) / bins
    error = 0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gap = abs(confidence[inside].mean() - (predicted == labels)[inside].mean())
            error += gap * inside.mean()
    return error


def classification(name, count, classes, coarse, missing=()):
    labels, p = scores(name, count, classes, coarse, list(missing))
    predicted = p.argmax(1)
    every = list(range(classes))
    precision, recall, f1, support = m.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=np.nan)
    present = [k for k in every if 0 < (labels == k).sum() < count]
    auc = {k: m.roc_auc_score(labels == k, p[:, k]) for k in present}
    ap = {k: m.average_precision_score(labels == k, p[:, k]) for k in present}
    confusion = m.confusion_matrix(labels, predicted, labels=every)
    specificity = [
        clean(m.recall_score(labels != k, predicted != k, zero_division=np.nan)) for k in every]
    macro = dict(average="macro", zero_division=0)
    if classes == 2:
        averages = dict(
            precision=m.precision_score(labels, predicted), recall=m.recall_score(labels, predicted),
            f1=m.f1_score(labels, predicted), auc=m.roc_auc_score(labels, p[:, 1]),
            averagePrecision=m.average_precision_score(labels, p[:, 1]))
    else:
        averages = dict(
            precision=m.precision_score(labels, predicted, **macro),
            recall=m.recall_score(labels, predicted, **macro),
            f1=m.f1_score(labels, predicted, **macro),
            auc=(m.roc_auc_score(labels, p, multi_class="ovr", average="macro")
                 if len(present) == classes else np.mean(list(auc.values()))),
            averagePrecision=np.mean(list(ap.values())))
    result = dict(
        name=name, count=count, classes=classes, coarse=coarse, missing=list(missing),
        accuracy=m.accuracy_score(labels, predicted),
        top5=m.top_k_accuracy_score(labels, p, k=5, labels=every) if classes > 5 else None,
        balancedAccuracy=m.balanced_accuracy_score(labels, predicted),
        f1Macro=m.f1_score(labels, predicted, **macro),
        f1Micro=m.f1_score(labels, predicted, average="micro"),
        jaccardMacro=m.jaccard_score(labels, predicted, **macro),
        logLoss=m.log_loss(labels, p.astype(np.float64), labels=every),
        calibration=calibration(p, labels), confusion=confusion.tolist(),
        classPrecision=[clean(v) for v in precision], classRecall=[clean(v) for v in recall],
        classF1=[clean(v) for v in f1], classSpecificity=specificity,
        classAUC=[clean(auc.get(k)) for k in every], classAP=[clean(ap.get(k)) for k in every],
        **averages)
    if classes == 2:
        fpr, tpr, thresholds = m.roc_curve(labels, p[:, 1], drop_intermediate=False)
        precisions, recalls, cuts = m.precision_recall_curve(labels, p[:, 1])
        youden = np.argmax(tpr - fpr)
        f1s = [m.f1_score(labels, p[:, 1] >= cut) for cut in cuts]
        best = len(f1s) - 1 - np.argmax(f1s[::-1])
        result.update(
            roc=dict(thresholds=[clean(v) for v in thresholds], fpr=fpr.tolist(), tpr=tpr.tolist()),
            pr=dict(thresholds=[float(v) for v in cuts], precision=precisions.tolist(),
                    recall=recalls.tolist()),
            youden=dict(score=float(thresholds[youden]), sensitivity=tpr[youden],
                        specificity=1 - fpr[youden]),
            bestF1=dict(score=float(cuts[best]), f1=f1s[best]))
    return {k: v if isinstance(v, (list, dict, str, int)) else clean(v) for k, v in result.items()}


def multilabel(name, count, classes):
    truth = unit(name + ".truth", count * classes).reshape(count, classes) > 0.4
    truth[:, 0] = False  # a class that nobody has
    score = (unit(name + ".score", count * classes).reshape(count, classes) + 1) / 2
    score = np.where(truth, np.sqrt(score), score).astype(np.float32)
    said = score >= np.float32(0.5)
    some = range(1, classes)
    return dict(
        name=name, count=count, classes=classes,
        subsetAccuracy=m.accuracy_score(truth, said),
        f1Micro=m.f1_score(truth, said, average="micro"),
        f1Macro=m.f1_score(truth, said, average="macro", zero_division=0),
        meanAveragePrecision=m.average_precision_score(truth[:, 1:], score[:, 1:], average="macro"),
        auc=np.mean([m.roc_auc_score(truth[:, k], score[:, k]) for k in some]))


def segmentation(name, side, classes, ignored, missing=()):
    truth = whole(name + ".truth", side * side, classes)
    truth = np.where(np.isin(truth, list(missing)), (truth + 1) % classes, truth)
    noise = unit(name + ".noise", side * side) > 0.3
    drawn = np.where(noise, whole(name + ".drawn", side * side, classes), truth)
    drawn = np.where(np.isin(drawn, list(missing)), (drawn + 1) % classes, drawn)
    border = unit(name + ".border", side * side) > 0.8
    if ignored is not None:
        t, d = truth[~border], drawn[~border]
    else:
        t, d = truth, drawn
    every = list(range(classes))
    return dict(
        name=name, side=side, classes=classes, ignored=ignored, missing=list(missing),
        iou=[clean(v) for v in m.jaccard_score(t, d, labels=every, average=None, zero_division=0)],
        dice=[clean(v) for v in m.f1_score(t, d, labels=every, average=None, zero_division=0)],
        meanIoU=m.jaccard_score(t, d, average="macro"), meanDice=m.f1_score(t, d, average="macro"),
        pixelAccuracy=m.accuracy_score(t, d),
        meanPixelAccuracy=m.balanced_accuracy_score(t, d))


def detection(name, pictures, classes, most, crowds, extent):
    """Boxes on a grid of quarters, so that overlaps and scores tie."""
    annotations, results, images = [], [], []
    per = max(most, 1)
    cells = pictures * per
    side = [whole(f"{name}.side{k}", cells, extent * 4) for k in range(2)]
    place = [whole(f"{name}.place{k}", cells, 512 * 4) for k in range(2)]
    shift = [whole(f"{name}.shift{k}", cells * 3, 65) - 32 for k in range(4)]
    kind = whole(name + ".kind", cells, classes)
    number = whole(name + ".number", pictures, most + 1)
    crowd = unit(name + ".crowd", cells) > (0.8 if crowds else 2)
    score = whole(name + ".score", cells * 3, 50)
    copies = whole(name + ".copies", cells, 4)
    confused = whole(name + ".confused", cells * 3, 8)
    smaller = unit(name + ".smaller", cells) > 0.5
    for picture in range(pictures):
        images.append(dict(id=picture + 1, width=640, height=640))
        for slot in range(number[picture]):
            i = picture * per + slot
            x, y = place[0][i] / 4, place[1][i] / 4
            w, h = 4 + side[0][i] / 4, 4 + side[1][i] / 4
            area = w * h * (0.5 if smaller[i] else 1)
            annotations.append(dict(
                id=len(annotations) + 1, image_id=picture + 1, category_id=int(kind[i]) + 1,
                bbox=[x, y, w, h], area=area, iscrowd=int(crowd[i])))
            for copy in range(copies[i]):
                j = i * 3 + copy
                a, b, c, d = (shift[k][j] / 4 for k in range(4))
                wrong = confused[j] == 0
                results.append(dict(
                    image_id=picture + 1,
                    category_id=int((kind[i] + (1 if wrong else 0)) % classes) + 1,
                    bbox=[x + a, y + b, max(w + c, 1), max(h + d, 1)], score=score[j] / 50))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = dict(
            info={}, images=images, annotations=annotations,
            categories=[dict(id=k + 1, name=str(k)) for k in range(classes)])
        coco.createIndex()
        found = coco.loadRes(results) if results else COCO()
        if not results:
            found.dataset = dict(images=images, annotations=[], categories=coco.dataset["categories"])
            found.createIndex()
        run = COCOeval(coco, found, "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    precision = run.eval["precision"]  # overlap, recall, class, area, most
    recall = run.eval["recall"]

    def mean(values):
        values = values[values > -1]
        return clean(values.mean()) if values.size else None

    return dict(
        name=name, pictures=pictures, classes=classes, most=most, crowds=crowds, extent=extent,
        found=len(results), boxes=len(annotations),
        stats=[None if v == -1 else clean(v) for v in run.stats],
        ap=[mean(precision[:, :, k, 0, 2]) for k in range(classes)],
        ap50=[mean(precision[0, :, k, 0, 2]) for k in range(classes)],
        recall=[mean(recall[:, k, 0, 2]) for k in range(classes)])


def regression(name, count, outputs):
    scale = np.array([1 << 3 * o for o in range(outputs)], np.float32)
    truth = unit(name + ".truth", count * outputs).reshape(count, outputs) * scale + np.float32(100)
    noise = unit(name + ".noise", count * outputs).reshape(count, outputs) * scale / np.float32(4)
    predicted = (truth + noise).astype(np.float64)
    truth = truth.astype(np.float64)
    each = dict(multioutput="raw_values")
    return dict(
        name=name, count=count, outputs=outputs,
        mae=list(m.mean_absolute_error(truth, predicted, **each)),
        rmse=list(m.root_mean_squared_error(truth, predicted, **each)),
        r2=list(m.r2_score(truth, predicted, **each)),
        meanMAE=m.mean_absolute_error(truth, predicted),
        meanRMSE=m.root_mean_squared_error(truth, predicted),
        meanR2=m.r2_score(truth, predicted))


def quality(name, channels, height, width, value_range):
    count = channels * height * width
    a = (unit(name + ".a", count).astype(np.float64) + 1) / 2 * value_range
    smooth = np.arange(count) % width / width * value_range / 2
    a = (a + smooth).astype(np.float32).astype(np.float64)
    noise = unit(name + ".b", count).astype(np.float64) * value_range / 8
    b = (a + noise).astype(np.float32).astype(np.float64)
    shape = (channels, height, width)
    a, b = a.reshape(shape), b.reshape(shape)
    both = dict(channel_axis=0, data_range=value_range)
    return dict(
        name=name, channels=channels, height=height, width=width, range=value_range,
        mse=image.mean_squared_error(a, b),
        psnr=image.peak_signal_noise_ratio(a, b, data_range=value_range),
        ssim=image.structural_similarity(a, b, **both),
        gaussian=image.structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, **both))


golden = dict(
    classification=[
        classification("binary", 300, 2, 12), classification("ties", 200, 2, 2),
        classification("binary-rare", 60, 2, 40), classification("ten", 500, 10, 9),
        classification("seven-ties", 300, 7, 2), classification("absent", 200, 8, 6, [2, 5]),
        classification("three", 40, 3, 100), classification("constant", 50, 3, 1)],
    multilabel=[multilabel("labels", 200, 6)],
    segmentation=[
        segmentation("binary-mask", 48, 2, None), segmentation("mask", 48, 5, None),
        segmentation("border", 48, 4, 255), segmentation("gap", 32, 6, None, [3])],
    detection=[
        detection("small", 20, 3, 4, False, 60), detection("crowds", 60, 4, 12, True, 120),
        detection("large", 30, 2, 9, False, 300), detection("many", 4, 1, 250, True, 100),
        detection("lonely", 10, 5, 1, False, 40), detection("nothing", 4, 2, 0, False, 40)],
    quality=[
        quality("grey", 1, 40, 33, 255.0), quality("colour", 3, 24, 31, 1.0),
        quality("least", 1, 11, 11, 1.0)],
    regression=[regression("age", 211, 1), regression("head", 90, 3), regression("pair", 2, 2)])

with open(os.path.join(here, "golden.json"), "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
