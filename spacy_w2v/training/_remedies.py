"""What a user can do about a run that was stopped, in the words of Python or of the command line."""

from spacy_w2v.errors._wording import worded


def resume_option() -> str:
    """Return the name of the option that resumes a run."""
    return worded(python="resume=True", command_line="--resume")


def start_again() -> str:
    """Return a sentence on how to start from the beginning."""
    return worded(
        python="Start again without resume=True, after removing the checkpoint.",
        command_line="Start again with --overwrite, without --resume.",
    )
