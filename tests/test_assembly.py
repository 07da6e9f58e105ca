"""Tiles fit into the vector registers, on processors that this machine need not have."""

import sys
from pathlib import Path

import llvmlite.binding as llvm
import numba
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import assembly
from assembly import FUNCTIONS, HOT, TRIPLES, Loop, hot_spills, loops_of

from spacy_w2v.kernels.tiles._processor import Processor, processor_of

needs_passes = pytest.mark.skipif(
    numba.config.DISABLE_JIT or not hasattr(llvm, "create_pass_builder"), reason="needs numba's JIT and LLVM's passes"
)


def require_target(triple):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        llvm.Target.from_triple(triple)
    except RuntimeError:
        pytest.skip(f"this build of LLVM has no target {triple}")


@pytest.mark.parametrize(
    ("cpu", "triple", "features", "expected"),
    [
        *zip(TRIPLES, TRIPLES.values(), [""] * 4, [(8, 16), (16, 32), (4, 32), (4, 32)], strict=True),
        ("x86-64", "x86_64-unknown-linux-gnu", "", (4, 16)),
        ("nehalem", "x86_64-unknown-linux-gnu", "+avx2", (8, 16)),
        ("znver4", "x86_64-pc-windows-msvc", "-avx512f", (8, 16)),
        ("generic", "aarch64-unknown-linux-gnu", "", (4, 32)),
    ],
)
def test_registers_are_those_that_llvm_uses(cpu, triple, features, expected):
    require_target(triple)
    assert processor_of(triple, cpu=cpu, features=features) == Processor(*expected)


@needs_passes
@pytest.mark.parametrize("processor", TRIPLES)
def test_hot_loops_do_not_spill(processor):
    require_target(TRIPLES[processor])
    loops = [
        loop
        for name, text in assembly.compile_all(processor).items()
        for loop in loops_of(text, processor=processor, function=name)
    ]
    assert {loop.function for loop in loops} == set(FUNCTIONS)
    assert hot_spills(loops) == []


X86 = """
outer:
\tmovq\t8(%rdi), %rax
.LBB0_1:                # =>This Inner Loop Header
\tvmovups\t(%rax,%rcx), %ymm1
\tvfmadd231ps\t-64(%rsp), %ymm1, %ymm0
\tvmovups\t%ymm0, 32(%rsp)      # 32-byte Spill
\tmovq\t16(%rsp), %rdx
\tjl\t.LBB0_1
\tvfmadd231ps\t-64(%rsp), %ymm1, %ymm0
\tjne\touter
"""
ARM = """
LBB0_1:                                 ; =>This Inner Loop Header
\tldr\tq0, [sp, #16]                  ; 16-byte Reload
\tfmla.4s\tv1, v0, v2[0]
\tldr\tx1, [sp, #8]
\tsubs\tx0, x0, #1
\tcbnz\tx0, LBB0_1
"""


def test_spills_are_counted():
    """Spills of addresses, outside of loops and in loops around others do not count."""
    (x86,) = loops_of(X86, processor="haswell", function="block_update")
    assert x86 == Loop("haswell", "block_update", 5, 1, 2)
    (arm,) = loops_of(ARM, processor="apple-m1", function="gradients")
    assert arm == Loop("apple-m1", "gradients", 5, 1, 1)
    assert hot_spills([x86, arm]) == [x86]


def test_the_program_fails_if_a_hot_loop_spills(monkeypatch, capsys):
    monkeypatch.setattr(assembly, "compile_all", lambda processor: dict.fromkeys(HOT, X86))
    assert assembly.main(["--processors", "haswell"]) == 1
    assert "block_update spills for haswell: 2 of 5 instructions." in capsys.readouterr().out
    monkeypatch.setattr(assembly, "compile_all", lambda processor: {"gradients": X86})
    assert assembly.main(["--processors", "haswell"]) == 0
