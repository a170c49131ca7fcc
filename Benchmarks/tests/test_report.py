"""Tests of the report and of comparing outputs: `python3 -m unittest`. They need only Python; tests
that need numpy are skipped if it is missing."""

import importlib.util
import json
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from zoobench import (  # noqa: E402
    agreement,
    chart,
    networks,
    peers,
    record,
    report,
    rounds,
    table,
    worker,
)

# Invented results with all contenders, of which one is absent and one differs.
_SAMPLE = Path(__file__).with_name("sample.json")


def chart_results() -> list[Path]:
    """The results that come with the repository."""
    return sorted((Path(__file__).resolve().parents[1] / "results").glob("*.json"))


class ReportTests(unittest.TestCase):
    def setUp(self):
        self.result = json.loads(_SAMPLE.read_text())

    def test_charts_are_sound_and_complete(self):
        charts = chart.charts(self.result)
        self.assertEqual(list(charts), ["inference", "training"])
        for sections in charts.values():
            for theme in chart.THEMES.values():
                root = xml.fromstring(chart.svg(self.result, sections, theme))
                marks = list(root.iter("{http://www.w3.org/2000/svg}g"))
                self.assertEqual(
                    len(marks), sum(len(row.times) for s in sections for row in s.rows)
                )

    def test_a_tie_stands_at_one_and_extremes_at_the_edges(self):
        self.assertLess(chart._x(0.9), chart._x(1))
        self.assertEqual(chart._x(100), chart._x(4))
        self.assertEqual(chart._x(0.01), chart._x(0.5))

    def test_every_contender_has_a_mark_of_its_own(self):
        names = ("zoo", *peers.NAMES)
        theme = chart.THEMES["light"]
        marks = {re.sub(r"#\w+", "", chart._mark(name, 0, 0, theme)) for name in names}
        self.assertEqual(len(marks), len(names))

    def test_marks_and_texts_do_not_collide(self):
        places = {"zoo": 100.0, "a": 100.0, "b": 150.0, "c": 153.0, "d": 200.0}
        places |= {"e": 300.0, "f": 302.0, "g": 305.0}
        heights = chart._spread(places)
        self.assertEqual((heights["zoo"], heights["d"]), (0, 0))
        for one, other in (("zoo", "a"), ("b", "c"), ("e", "f"), ("f", "g"), ("e", "g")):
            self.assertGreaterEqual(abs(heights[one] - heights[other]), 9)
        # Names and figures as long as they get, with 7.6 pixels for a letter of 13.
        for path in chart_results():
            result = json.loads(path.read_text())
            for sections in chart.charts(result).values():
                rows = [row for section in sections for row in section.rows]
                for row in rows:
                    self.assertLess(20 + 7.6 * len(row.label), chart._LEFT)
                    self.assertLess(len(row.note[0]) * 7, 62 - 4)
                    self.assertLess(len(row.note[1]) * 7, chart._WIDTH - 20 - chart._RIGHT - 62)
                    self.assertNotIn("e+", "".join(row.note))
                names = list(dict.fromkeys(name for row in rows for name in row.times))
                texts, _ = chart._legend(names, chart.THEMES["light"])
                for text in texts:
                    if text.startswith("<text"):
                        element = xml.fromstring(text)
                        end = float(element.get("x")) + 7.6 * len(element.text)
                        self.assertLess(end, chart._WIDTH)

    def test_a_reason_has_no_advice(self):
        error = RuntimeError("\nno kernel\n\nSet VERBOSE=1 (please do this)\n")
        self.assertEqual(worker.reason(error), "RuntimeError: no kernel")
        for path in chart_results():
            text = table.markdown(json.loads(path.read_text()), path.name)
            self.assertNotIn("please", text)
            self.assertNotIn("VERBOSE", text)

    def test_table(self):
        text = table.markdown(self.result, "sample.json")
        self.assertIn("| resnet18, batch 1 | **8** | 16 | 10 (differs) | 0.80 |", text)
        self.assertIn("zoo: no engine computes in bf16", text)
        self.assertIn("| resnet18, batch 16, full | **30** | 20 | 1.50 |", text)

    def test_summary(self):
        parts = ("inference", "bf16", "training", "start", "memory")
        summary = record.summary({part: self.result[part] for part in parts})
        self.assertEqual(summary["inference"]["geometric_mean_ratio"], 0.894)
        self.assertEqual(summary["inference"]["worst_ratio"], 1.0)
        self.assertEqual(summary["training"]["worst_speedup"], 1.5)
        self.assertEqual(summary["differing"], ["inference: resnet18, batch 1: ncnn"])
        self.assertEqual(summary["disturbed"], ["inference: resnet18, batch 1: ncnn"])

    def test_the_best_peer_is_never_zoo(self):
        self.assertEqual(rounds.best(self.result["inference"][0]["results"]), "ncnn")
        self.assertIsNone(rounds.best({"zoo": {"median_ms": 1}, "ncnn": {"skipped": "absent"}}))

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result.json"
            path.write_text(_SAMPLE.read_text())
            report.write(path)
            self.assertEqual(
                sorted(file.name for file in Path(folder).iterdir()),
                [
                    "inference-dark.svg",
                    "inference-light.svg",
                    "result.json",
                    "table.md",
                    "training-dark.svg",
                    "training-light.svg",
                ],
            )

    def test_pipelines_take_one_picture(self):
        self.assertTrue(networks.network("fasterrcnn-resnet50-fpn").takes(1))
        self.assertFalse(networks.network("fasterrcnn-resnet50-fpn").takes(8))
        self.assertTrue(all(networks.network(name).takes(8) for name in networks.CLASSIFIERS))


@unittest.skipUnless(importlib.util.find_spec("numpy"), "numpy is missing")
class AgreementTests(unittest.TestCase):
    def test_distance(self):
        import numpy

        self.assertAlmostEqual(
            agreement.distance(numpy.array([3.0, 4.5]), numpy.array([[3.0, 4.0]])), 0.1
        )

    def test_boxes_in_any_order(self):
        import numpy

        boxes = numpy.array([[0.0, 0, 10, 10], [5, 5, 9, 9], [1, 1, 2, 2], [1, 1, 2, 3]])
        labels, scores = numpy.array([1, 2, 3, 3]), numpy.array([0.9, 0.5, 0.2, 0.1])
        found, order = [boxes, labels, scores], [2, 0, 3, 1]
        turned = [values[order] for values in found]
        self.assertEqual(agreement.boxes(turned, found), 0)
        self.assertEqual(agreement.boxes([boxes + [0, 0, 0.4, 0], labels, scores], found), 0)
        # At another place, with another class or another score it is no match.
        for other in (
            [boxes + [0, 0, 0, 1], labels, scores],
            [boxes, labels + 1, scores],
            [boxes, labels, scores + 0.01],
        ):
            self.assertGreater(agreement.boxes(other, found), 0.7)
        self.assertEqual(agreement.boxes([values[:3] for values in found], found), 0.25)
        nothing = [values[:0] for values in found]
        self.assertEqual(agreement.boxes(nothing, nothing), 0)
        self.assertEqual(agreement.boxes(nothing, found), 1)


if __name__ == "__main__":
    unittest.main()
