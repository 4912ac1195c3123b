"""Tests the arithmetic, tables and chart of script/bench."""

import json
import os
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench"))

import chart  # noqa: E402
import main  # noqa: E402
import measure  # noqa: E402
import peers  # noqa: E402
import programs  # noqa: E402
import report  # noqa: E402
from measure import Case, Check, Plan, at_least, at_most, of  # noqa: E402
from row import Bench, Row, count_text  # noqa: E402

PROGRAMS = os.environ.get("ROLLCALL_BENCH_PROGRAMS")


def rounds(**arms):
    """rounds(a=[1, 2], b=[3, 4]) makes two rounds of two arms, each with the figure "x"."""
    return [
        {arm: {"x": values[n]} for arm, values in arms.items()}
        for n in range(len(next(iter(arms.values()))))
    ]


class Arithmetic(unittest.TestCase):
    def judge(self, value, samples, target=None, **more):
        return Check("label", value, "s", target, **more).judge(samples)

    def test_reports_median_and_extremes(self):
        judged = self.judge(of("a", "x"), rounds(a=[5, 1, 3, 2, 100]))
        self.assertEqual((judged["median"], judged["min"], judged["max"]), (3, 1, 100))
        self.assertIsNone(judged["reached"])

    def test_computes_ratios_within_a_round(self):
        # The machine was twice as fast in the second round. This must not change the ratio.
        samples = rounds(a=[10, 5, 10], b=[20, 10, 20])
        judged = self.judge(measure.ratio("a", "b", "x"), samples)
        self.assertEqual((judged["median"], judged["min"], judged["max"]), (0.5, 0.5, 0.5))

    def test_compares_with_the_best_of_the_others(self):
        samples = rounds(a=[10, 10], b=[20, 5], c=[5, 9])
        judged = self.judge(measure.against_best("c", ["a", "b"], "x"), samples)
        self.assertEqual((judged["min"], judged["max"]), (0.25, 0.9))

    def test_multiplies_differences_by_a_factor(self):
        judged = self.judge(measure.difference("a", "b", "x", 1000), rounds(a=[3], b=[1]))
        self.assertEqual(judged["median"], 2000)

    def test_targets_include_their_limit(self):
        for target, value, reached in (
            (at_most(2), 2, True),
            (at_most(2), 2.01, False),
            (at_least(0.5), 0.5, True),
            (at_least(0.5), 0.49, False),
        ):
            self.assertEqual(self.judge(of("a", "x"), rounds(a=[value]), target)["reached"], reached)

    def test_prints_a_reason_only_for_a_missed_target(self):
        missed = self.judge(of("a", "x"), rounds(a=[3]), at_most(2), because="the disk is slow")
        met = self.judge(of("a", "x"), rounds(a=[1]), at_most(2), because="the disk is slow")
        self.assertEqual(report.verdict(missed), "not reached, because the disk is slow")
        self.assertEqual(report.verdict(met), "reached")

    def test_rounds_alternate_and_omit_the_warm_up(self):
        order = []

        def arm(name):
            return lambda: order.append(name) or {"x": len(order)}

        case = Case("case", {"a": arm("a"), "b": arm("b")}, [Check("a", of("a", "x"))])
        judged = measure.measure(case, Plan(rounds=2))
        self.assertEqual("".join(order), "ababab")
        self.assertEqual([each["a"]["x"] for each in judged["rounds"]], [3, 5])

    def test_gaps_between_rows_omit_the_warm_up(self):
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as rows:
            finished = [0.0, 5.0] + [5.0 + 0.5 * n for n in range(1, 20)]
            rows.write("task,finished_seconds\n")
            rows.writelines(f"{n},{at:.9f}\n" for n, at in enumerate(finished))
            rows.flush()
            self.assertEqual(set(programs.gaps(rows.name)), {0.5})


def result_of(cases, name="sleeps"):
    return {
        "row": name,
        "title": "A row",
        "about": "About it.",
        "command": "script/bench",
        "date": "2026-01-01",
        "load_before": 0.1,
        "machine": {"processors": 2, "processor": "P", "memory_gib": 8, "system": "S", "kernel": "K"},
        "versions": {"commit": "c", "compiler": ["G"], "libzmq": "1", "protobuf": "2", "python": "3"},
        "cases": cases,
    }


class Reports(unittest.TestCase):
    def one_case(self):
        check = Check("speed", of("a", "x"), "M/s", at_least(10))
        return measure.measure(Case("a case", {"a": lambda: {"x": 12345.678}}, [check]), Plan(rounds=1))

    def test_figures_have_significant_digits(self):
        wanted = {0.01234: "0.012", 1.2345: "1.234", 12.345: "12.35", 123.45: "123.5", 12345.6: "12,346"}
        for value, text in wanted.items():
            self.assertEqual(report.figure(value), text)

    def test_refresh_changes_only_the_tables_of_the_page(self):
        with tempfile.TemporaryDirectory() as directory:
            page = Path(directory) / "page.md"
            page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
            results = [result_of([self.one_case()])]
            report.refresh(page, results)
            once = page.read_text()
            report.refresh(page, results)
            self.assertEqual(page.read_text(), once)
        self.assertTrue(once.startswith("before\n") and once.endswith("\nafter\n"))
        self.assertNotIn("old", once)
        self.assertIn("| speed | 12,346 M/s | 12,346 to 12,346 | at least 10 | reached |", once)
        self.assertEqual(once.count("2 processors"), 1)

    def test_json_round_trip(self):
        with tempfile.TemporaryDirectory() as directory:
            result = result_of([self.one_case()], "b")
            report.write_json(result, directory)
            self.assertEqual(report.read_all(directory, ["a", "b"]), [result])

    def test_text_shows_each_check(self):
        text = report.as_text(result_of([self.one_case()]))
        self.assertRegex(text, r"speed +12,346 M/s +12,346 to 12,346 +at least 10 +reached")

    def test_shows_programs_without_figures(self):
        case = self.one_case() | {"missing": {"moreutils": "not installed"}}
        self.assertRegex(report.as_text(result_of([case])), r"moreutils +not installed")
        self.assertIn("| moreutils |  |  |  | not installed |", report.as_markdown(result_of([case])))

    def test_shows_the_versions_of_other_programs(self):
        result = result_of([self.one_case()]) | {"packages": {"parallel": "20221122", "moreutils": ""}}
        last = [line for line in report.as_markdown(result) if line][-1]
        self.assertTrue(last.endswith("Packages: parallel 20221122, moreutils (not installed)."), last)

    def test_names_each_target_that_is_not_reached(self):
        checks = [
            Check("over b", of("a", "x"), "", at_least(1)),
            Check("over c", of("a", "x"), "", at_least(0.5)),
        ]
        case = measure.measure(Case("gzip", {"a": lambda: {"x": 0.75}}, checks), Plan(rounds=1))
        self.assertIn("Not reached: gzip: over b (0.750).", report.as_markdown(result_of([case])))
        self.assertEqual(report.not_reached(result_of([self.one_case()])), [])

    def growth(self):
        """A result of the row `sleeps` with three sizes, for two of the three programs."""
        rounds_of = [
            {
                "rollcall": {"tasks": tasks, "overhead_seconds": 1e-9 * tasks},
                "asyncio": {"tasks": tasks, "overhead_seconds": 1e-5 * tasks},
            }
            for tasks in (10, 1000, 1_000_000)
        ]
        return {"cases": [{"rounds": [each]} for each in rounds_of]}

    def test_chart_is_xml_with_every_point(self):
        points = chart.points_of(self.growth())
        self.assertEqual(points["asyncio"], [(10, 1e-4), (1000, 1e-2), (1_000_000, 10)])
        circles = list(ElementTree.fromstring(chart.svg(self.growth())).iterfind(".//{*}circle"))
        self.assertEqual(len(circles), 6)
        y = [float(each.get("cy")) for each in circles][3:]
        self.assertGreater(y[0], y[2], "more overhead must be drawn higher")

    def test_chart_labels_each_curve_with_its_last_overhead(self):
        picture = ElementTree.fromstring(chart.svg(self.growth()))
        labels = [each.text for each in picture.iterfind(".//{*}text")]
        self.assertIn("Rollcall: 1 ms", labels)
        self.assertIn("asyncio, tuned: 10 s", labels)
        self.assertNotIn("debug", " ".join(labels), "a program that was not measured has no label")

    def test_chart_has_light_and_dark_colors(self):
        light, dark = chart.style().split("@media (prefers-color-scheme: dark)")
        picture = ElementTree.fromstring(chart.svg(self.growth()))
        for look in {each.get("class") for each in picture.iter() if each.get("class")}:
            colors = [re.search(rf"\.{look} {{color: (#\w+)}}", each) for each in (light, dark)]
            self.assertTrue(all(colors), look)
            self.assertNotEqual(colors[0][1], colors[1][1], look)

    def test_chart_in_the_repository_is_up_to_date(self):
        result = json.loads((main.RESULTS / "sleeps.json").read_text())
        picture = main.PAGE.parent / main.CHART
        self.assertEqual(picture.read_text(), chart.svg(result), "update it with bench/main.py --page")

    def test_durations_in_the_chart_have_significant_digits(self):
        wanted = {0.00065: "0.65 ms", 0.00827: "8.3 ms", 0.0659: "66 ms", 0.1: "0.1 s", 14.9: "15 s", 100: "100 s"}
        for seconds, text in wanted.items():
            self.assertEqual(chart.seconds_text(seconds), text)

    def test_page_in_the_repository_has_both_markers(self):
        text = main.PAGE.read_text()
        self.assertLess(text.index(report.BEGIN), text.index(report.END))


class Rows(unittest.TestCase):
    def test_rows_are_complete_in_both_sizes(self):
        rows = main.all_rows()
        self.assertEqual([each.title.split(".")[0] for each in rows[:10]], [str(n) for n in range(1, 11)])
        self.assertEqual(len({each.name for each in rows}), len(rows))
        for quick in (False, True):
            bench = Bench(programs.Programs("nowhere"), quick)
            for each in rows:
                for case in each.cases(bench):
                    self.assertTrue(case.arms and case.checks, each.name)

    def test_measures_a_row_and_writes_json(self):
        row = Row("name", "title", "about", lambda bench: [Case("c", {"a": lambda: {"x": 1}}, [])])
        result = main.measure_row(row, Bench(None, True), Plan(1, False), {"command": "script/bench"})
        self.assertEqual(result["schema"], report.SCHEMA)
        self.assertEqual(result["cases"][0]["rounds"], [{"a": {"x": 1}}])
        json.dumps(result)

    def test_counts_are_short(self):
        texts = [count_text(n) for n in (100, 9600, 50_000, 20_000_000)]
        self.assertEqual(texts, ["100", "9600", "50 k", "20 M"])


def fake(directory, name, text):
    """A program of the shell."""
    path = Path(directory) / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


class Peers(unittest.TestCase):
    def xargs(self):
        return peers.installed("nowhere/rollcall")[peers.XARGS]

    def test_tells_the_two_programs_named_parallel_apart(self):
        with tempfile.TemporaryDirectory() as directory:
            gnu = fake(directory, "gnu", "echo GNU parallel 20221122\n")
            moreutils = fake(directory, "moreutils", "echo 'parallel: invalid option' >&2; exit 1\n")
            self.assertIs(programs.is_gnu_parallel(gnu), True)
            self.assertIs(programs.is_gnu_parallel(moreutils), False)
            self.assertIsNone(programs.is_gnu_parallel(directory + "/none"))

    def test_names_the_package_of_a_program_that_is_not_installed(self):
        missing = peers.not_installed({peers.ROLLCALL: None, peers.XARGS: None, peers.MOREUTILS: None})
        self.assertEqual(missing, {"GNU parallel": "not installed: apt-get install parallel"})

    def test_input_follows_the_command_if_it_is_not_read(self):
        peer = peers.Peer("name", ("parallel",), takes_lines=False)
        self.assertEqual(peer.words(["true"], ["1", "2"]), ["parallel", "true", "--", "1", "2"])
        self.assertEqual(self.xargs().words(["true"], ["1"]), ["xargs", "-n", "1", "-P", "2", "true"])

    def test_does_the_same_work_with_xargs(self):
        self.assertGreater(peers.short_commands(self.xargs(), 5)["rate"], 0)
        self.assertGreater(peers.large_output(self.xargs(), 2)["rate"], 0)
        self.assertGreater(peers.compressed_files(self.xargs(), 2)["rate"], 0)
        self.assertGreater(peers.first_start(self.xargs(), 0, 1)["p50_seconds"], 0)

    def test_reports_output_that_is_lost(self):
        with tempfile.TemporaryDirectory() as directory:
            start = (fake(directory, "loses", "head -c 1999999 /dev/zero\n"),)
            with self.assertRaisesRegex(programs.ProgramFailed, "name: 1 bytes of the output are missing"):
                peers.large_output(peers.Peer("name", start), 2)
            known = peers.Peer("name", start, loses_output=True)
            self.assertEqual(peers.large_output(known, 2)["lost_bytes"], 1)

    def test_measures_memory_while_commands_run(self):
        sample = peers.memory(self.xargs(), 100_000)
        self.assertGreater(sample["peak_rss_bytes"], 100_000)
        self.assertLess(sample["lines_read"], 100_000)

    def test_reports_output_in_the_wrong_order(self):
        with tempfile.TemporaryDirectory() as directory:
            start = (fake(directory, "reverse", "echo 3; echo 2; echo 1\n"),)
            with self.assertRaisesRegex(programs.ProgramFailed, "name: the output is not in order"):
                peers.ordered_output(peers.Peer("name", start), 3, 3)


class References(unittest.TestCase):
    def test_runs_asyncio_in_both_modes(self):
        for mode in ("best", "teaching"):
            sample = programs.Programs("nowhere").asyncio(mode, 50, (0.01, 0.02))
            self.assertGreaterEqual(sample["overhead_seconds"], 0)
            self.assertLessEqual(sample["longest_seconds"], 0.02)
            self.assertGreater(sample["process_overhead_seconds"], sample["overhead_seconds"])

    def test_reports_a_program_that_fails(self):
        with self.assertRaisesRegex(programs.ProgramFailed, "status 3\nwhy"):
            programs.run(["sh", "-c", "echo why >&2; exit 3"])

    @unittest.skipUnless(PROGRAMS, "needs the programs of the bench preset")
    def test_rollcall_does_the_work_of_its_peers(self):
        rollcall = peers.installed(Path(PROGRAMS) / "rollcall")[peers.ROLLCALL]
        for sample, figure in (
            (peers.short_commands(rollcall, 5), "rate"),
            (peers.large_output(rollcall, 2), "rate"),
            (peers.ordered_output(rollcall, 5, 4), "rate"),
            (peers.compressed_files(rollcall, 2), "rate"),
            (peers.first_start(rollcall, 0, 1), "p50_seconds"),
            (peers.memory(rollcall, 1000), "peak_rss_bytes"),
        ):
            self.assertGreater(sample[figure], 0)

    @unittest.skipUnless(PROGRAMS, "needs the programs of the bench preset")
    def test_each_program_reports_its_figures(self):
        built = programs.Programs(PROGRAMS)
        for sample, figure in (
            (built.rollcall(1000, pause=0), "rate"),
            (built.rollcall_lines(10, "always", pause=0), "output_bytes"),
            (built.round_trip(100), "p50_seconds"),
            (built.first_start(2), "p50_seconds"),
            (built.spawn_date(2), "p50_seconds"),
            (built.lines_read(1000), "rate"),
            (built.lines_read(1000, journal=True), "journal_bytes"),
            (built.lines_counted(1000), "rate"),
            (built.wire_limit(5000, "--curve"), "rate"),
            (built.wire_limit(500, "--window", 0, "--pause-max-ns", 1_000_000), "overhead_seconds"),
            (built.posix_loop(500, (0.001, 0.002), "--slots", 100), "lateness_p99_seconds"),
            (built.reference("ping_pong", "--rounds", 100), "p50_seconds"),
            (built.reference("ping_pong", "--rounds", 100, "--curve", "--on-loop"), "p50_seconds"),
            (built.reference("simulated_cluster", "--sessions", 5, "--tasks", 50_000), "core_ns_per_task"),
        ):
            self.assertGreater(sample[figure], 0)


if __name__ == "__main__":
    unittest.main()
