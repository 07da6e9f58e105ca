"""The processor that numba compiles for: how wide its vector registers are, and how many it has."""

import re
from typing import NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import config
from numba.core.codegen import get_host_cpu_features


class Processor(NamedTuple):
    """The vector registers of a processor."""

    lanes: int
    """float32 numbers in a register: 16 with AVX-512, 8 with AVX, 4 with NEON and SSE2."""
    n_registers: int
    """Number of registers: 32 with AVX-512 and NEON, 16 with AVX and SSE2."""


LANES_BY_NAME = {"zmm": 16, "ymm": 8, "xmm": 4, "q": 4}
"""By the name of a register in assembly, without its number. A processor with other names gets the smallest tiles."""
N_PROBES = 17  # one more than the smaller number of registers


def processor_of(triple: str, *, cpu: str, features: str) -> Processor:
    """Return the registers that LLVM uses for a processor.

    LLVM has no function that tells. So it compiles the copying of more vectors than 16 registers hold, and the assembly
    names the registers that it used.

    Args:
        triple: The target, such as "x86_64-unknown-linux-gnu".
        cpu: LLVM's name of the processor.
        features: Instructions to add to those of the processor, or to leave out, such as "+avx2,-avx512f".
    """
    vector, number = ir.VectorType(ir.FloatType(), 16), ir.IntType(64)
    module = ir.Module()
    module.triple = triple
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [number, number]), "copy")
    builder = ir.IRBuilder(function.append_basic_block())
    source, target = (builder.inttoptr(address, vector.as_pointer()) for address in function.args)
    places = [[number(k)] for k in range(N_PROBES)]
    for value, place in [(builder.load(builder.gep(source, place)), place) for place in places]:
        builder.store(value, builder.gep(target, place))
    builder.ret_void()
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, features=features)
    assembly = machine.emit_assembly(llvm.parse_assembly(str(module)))
    used = [(LANES_BY_NAME[name], int(index)) for name, index in re.findall(r"\b([xyz]mm|q)(\d+)\b", assembly)]
    lanes = max((lanes for lanes, _ in used), default=4)
    return Processor(lanes, 32 if any(index >= 16 for _, index in used) else 16)


def _processor_of_numba() -> Processor:
    """Return the processor that numba compiles for, which its settings may limit to fewer instructions.

    The settings are part of the key of numba's cache, so code for other registers is never loaded.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return processor_of(
        llvm.get_process_triple(),
        cpu=llvm.get_host_cpu_name() if config.CPU_NAME is None else config.CPU_NAME,
        features=get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES,
    )


PROCESSOR = _processor_of_numba()
