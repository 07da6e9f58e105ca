"""Whether the hot loops of the blocked kernels keep their numbers in registers, on processors that you need not have.

    python benchmarks/assembly.py
    python benchmarks/assembly.py --processors haswell --show block_update

LLVM, which comes with numba, compiles the tile functions for each processor. The table has a row for each innermost
loop that multiplies vectors: its instructions, its multiplications, and its spills. A spill is an instruction that
reads or writes a vector register's copy on the stack, since there were more numbers than registers. The program ends
with 1 if a hot loop spills.

`gradients` and `logarithms_and_weights` are not hot: on processors with 16 registers they read some of their constants
from the stack.
"""

import json
import re
import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from common import markdown_table

TRIPLES = {
    "haswell": "x86_64-unknown-linux-gnu",
    "znver4": "x86_64-unknown-linux-gnu",
    "apple-m1": "arm64-apple-macosx",
    "neoverse-v1": "aarch64-unknown-linux-gnu",
}
"""The target of each processor, by LLVM's name of it: AVX2, AVX-512, and two with NEON."""

HOT = (
    "block_products", "block_update", "half_block_update", "hidden_block_update", "group_products", "group_update",
    "pair_products", "pair_update", "step_of_1", "step_of_2", "step_of_3", "step_of_4",
)  # fmt: skip
FUNCTIONS = (*HOT, "gradients", "logarithms_and_weights")
MODULES = ("tiles._instructions", "cells._instructions")
"""The modules of `spacy_w2v.kernels` with these functions."""

VECTOR_REGISTER = re.compile(r"%[xyz]mm\d|\b[qv]\d")
STACK = re.compile(r"\(%rsp|\[sp\b")
MULTIPLICATION = re.compile(r"\t(vfn?m(add|sub)\d+ps|v?mulps|fml[as](\.4s)?|fmul(\.4s)?)\t")
BRANCH = re.compile(r"\t(?:j[a-z]+|b\.[a-z]+|cbn?z|tbn?z)\t(?:.*, ?)?([.\w$]+)$")


class Loop(NamedTuple):
    """An innermost loop."""

    processor: str
    function: str
    n_instructions: int
    n_multiplications: int
    """Of vectors, most of them with an addition in the same instruction."""
    n_spills: int


def loops_of(assembly: str, *, processor: str, function: str) -> list[Loop]:
    """Return the loops of one basic block in which vectors are multiplied."""
    lines = [re.split(r"\s*(?:#|//|;)", line)[0].rstrip() for line in assembly.splitlines()]
    labels = {line.removesuffix(":"): n for n, line in enumerate(lines) if re.fullmatch(r"[.\w$]+:", line)}
    loops = []
    for n, line in enumerate(lines):
        target = BRANCH.match(line)
        first = labels.get(target[1], n) if target else n
        body = [text for text in lines[first : n + 1] if text.startswith("\t") and not text.startswith("\t.")]
        is_one_block = sum(first < place < n for place in labels.values()) == 0
        n_multiplications = sum(bool(MULTIPLICATION.match(text + "\t")) for text in body)
        if first < n and is_one_block and n_multiplications:
            n_spills = sum(bool(STACK.search(text) and VECTOR_REGISTER.search(text)) for text in body)
            loops.append(Loop(processor, function, len(body), n_multiplications, n_spills))
    return loops


def compile_function(name: str, *, processor: str) -> str:
    """Return the assembly of a tile function. It is compiled with the passes that numba runs.

    A process can do this for one processor only, since the sizes of tiles are constants of their modules.
    """
    import llvmlite.binding as llvm
    from llvmlite import ir

    from spacy_w2v.kernels.tiles import _processor

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = TRIPLES[processor]
    _processor.PROCESSOR = _processor.processor_of(triple, cpu=processor, features="")
    from numba import types

    modules = [import_module(f"spacy_w2v.kernels.{module}") for module in MODULES]
    (intrinsic,) = (getattr(module, name)._defn for module in modules if hasattr(module, name))
    signature, generate = intrinsic(*[None] * intrinsic.__code__.co_argcount)
    module = ir.Module()
    module.triple = triple
    kinds = [ir.FloatType() if kind == types.float32 else ir.IntType(64) for kind in signature.args]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    builder = ir.IRBuilder(function.append_basic_block())
    generate(NumbaContext(), builder, signature, function.args)
    builder.ret_void()

    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=processor, opt=3)
    compiled = llvm.parse_assembly(str(module))
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(compiled, passes)
    return str(machine.emit_assembly(compiled))


class NumbaContext:
    """What the tile functions use of numba's context."""

    def get_dummy_value(self) -> None:
        """Return the value of a function that has none."""


def compile_all(processor: str) -> dict[str, str]:
    """Return the assembly of all tile functions, compiled in a process of its own."""
    command = [sys.executable, __file__, "--compile", processor]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(output))


def table_of(loops: Sequence[Loop]) -> str:
    """Return the loops as a Markdown table."""
    header = ["Processor", "Function", "Instructions", "Multiplications", "Spills"]
    return markdown_table(header, ([str(value) for value in loop] for loop in loops))


def hot_spills(loops: Sequence[Loop]) -> list[Loop]:
    """Return the hot loops that spill."""
    return [loop for loop in loops if loop.n_spills and loop.function in HOT]


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, compile and print."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--processors", nargs="+", choices=TRIPLES, default=list(TRIPLES), metavar="NAME")
    parser.add_argument("--show", choices=FUNCTIONS, metavar="FUNCTION", help="print the assembly of a tile function")
    parser.add_argument("--compile", choices=TRIPLES, metavar="NAME", help="print all assembly of a processor as JSON")
    options = parser.parse_args(arguments)
    if options.compile:
        print(json.dumps({name: compile_function(name, processor=options.compile) for name in FUNCTIONS}))
        return 0
    assemblies = {processor: compile_all(processor) for processor in options.processors}
    if options.show:
        print("\n".join(functions[options.show] for functions in assemblies.values()))
        return 0
    loops = [
        loop
        for processor, functions in assemblies.items()
        for name, assembly in functions.items()
        for loop in loops_of(assembly, processor=processor, function=name)
    ]
    print(table_of(loops))
    for loop in hot_spills(loops):
        print(f"{loop.function} spills for {loop.processor}: {loop.n_spills} of {loop.n_instructions} instructions.")
    return 1 if hot_spills(loops) else 0


if __name__ == "__main__":
    sys.exit(main())
