"""A process that has imported what commands need, and forks to be one: in tenths of a second, not in seconds.

Start it with the number of a socket. Each message on it is JSON, {"arguments": …, "cwd": …, "env": …}, and comes with
three descriptors, for standard input, output and error. A fork then is `python -m spacy ARGUMENTS`, to the end of
its interpreter; the answer is its return code, as `subprocess` has it. The server ends when the socket is closed.
"""

import gc
import json
import os
import random
import runpy
import signal
import socket
import sys

import numpy

MAX_MESSAGE = 1 << 20


def main(connection: socket.socket) -> None:
    """Answer messages; return only in forks, which have become a command."""
    warm_up()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, MAX_MESSAGE, 3)
        if not message:
            sys.exit()
        child = os.fork()
        if child == 0:
            connection.close()
            become_command(descriptors, **json.loads(message))
            return
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(json.dumps({"pid": child}).encode())
        _, status = os.waitpid(child, 0)
        connection.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())


def warm_up() -> None:
    """Import what commands import, without starting a thread."""
    import datasets  # noqa: F401
    import gensim.models  # noqa: F401
    import scipy.stats  # noqa: F401
    import spacy.cli  # noqa: F401

    import spacy_w2v.cli  # noqa: F401
    from spacy_w2v.kernels import TRAINING_KERNELS  # noqa: F401
    from spacy_w2v.training import _composition  # noqa: F401


def become_command(descriptors: list[int], *, arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    """Take on all that a process gets when it starts."""
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    sys.argv = ["spacy", *arguments]
    sys.path[0] = cwd
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # a started process has random numbers of its own; hashes of strings remain those of the server, see `fresh`
    random.seed()
    numpy.random.seed()  # noqa: NPY002 - this generator itself


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("spacy", run_name="__main__", alter_sys=True)
