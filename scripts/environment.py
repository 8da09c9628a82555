"""Make the virtual environment and install a requirements file into it: `environment.py REQUIREMENTS`.

Runs on whatever Python there is, so that one too old is told so in a line.
"""

import shutil
import subprocess
import sys

FOLDER = ".venv"
OLDEST = (3, 11)
GIGABYTES = 3.0


def main(requirements: str) -> None:
    """Install `requirements`, or end with one line that says why not."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"Python {found} is too old: Prunescope needs 3.11 or newer (make PYTHON=python3.12)")
    free = shutil.disk_usage(".").free / 1e9
    if free < GIGABYTES:
        sys.exit(f"{free:.1f} GB free on this disk: the environment needs about {GIGABYTES:.0f} GB")
    print(f"setting up {FOLDER} from {requirements} (some minutes, once)", flush=True)
    _run(
        [sys.executable, "-m", "venv", FOLDER], "the virtual environment could not be made (is python3-venv installed?)"
    )
    install = [f"{FOLDER}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*install, "-r", requirements], "pip could not install the requirements: see its message above")


def _run(command: "list[str]", failure: str) -> None:
    if subprocess.run(command, check=False).returncode:
        sys.exit(failure)


if __name__ == "__main__":
    main(sys.argv[1])
