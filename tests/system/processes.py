"""A base for tests that start processes: kills them at the end and removes the test's directory."""
import shutil
import subprocess
import tempfile
import unittest


class ProcessTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix=f"rollcall-{type(self).__name__.lower()}-")
        self.started = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        shutil.rmtree(self.directory)

    def launch(self, command, **options):
        """Starts a process with piped output and error, and returns it."""
        self.started.append(subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                                             stderr=subprocess.PIPE, **options))
        return self.started[-1]

    def output_of(self, process, seconds):
        """The output of a process that must end within `seconds` and with status 0."""
        out, errors = process.communicate(timeout=seconds)
        self.assertEqual(process.returncode, 0, errors)
        return out
