"""Remedies for interrupted runs, in terms of Python or of the command line."""

from spacy_w2v.errors._wording import worded


def resume_option() -> str:
    """Return the name of the option that resumes a run."""
    return worded(python="resume=True", command_line="--resume")


def or_start_again() -> str:
    """Return the end of a sentence with another remedy: the clause of `start_again` after "or"."""
    clause = start_again()
    return f"or {clause[0].lower()}{clause[1:]}"


def start_again() -> str:
    """Return a sentence that says how to start from the beginning."""
    return worded(
        python="Remove the checkpoint, and start again without resume=True.",
        command_line="Start again with --overwrite, without --resume.",
    )
