"""The commands `biodir dataset ...`."""

import argparse


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Adds the command to those of `biodir`."""
    dataset = commands.add_parser("dataset", help="export, check and import corpora")
    dataset.add_subparsers(dest="dataset_command", required=True)
