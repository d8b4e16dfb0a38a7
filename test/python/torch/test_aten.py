"""Every operator of the table against PyTorch itself."""
import pytest
import torch
from aten_cases import CASES, EMPTY
from quern._torch import aten, layers    # noqa: F401, layers defines quern::recurrent
from quern._torch.decompositions import COMPOSITES

SIZE = 40     # cases that are compiled together: a process of the compiler for each would take minutes
GROUPS = [CASES[first:first + SIZE] for first in range(0, len(CASES), SIZE)]


def operator_of(name):
    packet, overload = name.split(".")
    return getattr(getattr(torch.ops.aten, packet), overload)


def run(groups, arguments):
    return [operator_of(name)(*given, **keywords) for (name, _, keywords), given in zip(groups, arguments)]


def results(value):
    return [part for part in (value if isinstance(value, (tuple, list)) else [value]) if part is not None]


# How many results inference asks for, without the statistics of norms, what attention keeps for gradients, factors of matrices.
FIRST = dict.fromkeys(("_scaled_dot_product_flash_attention_for_cpu.default", "max_pool2d_with_indices.default",
              "max_pool3d_with_indices.default", "_native_batch_norm_legit_no_training.default", "native_batch_norm.default",
              "_embedding_bag.default", "_embedding_bag_forward_only.default", "_linalg_det.default", "triangular_solve.default",
              "_linalg_solve_ex.default", "_linalg_eigh.default"), 1) | {"_linalg_slogdet.default": 2}


def trim(group, values):
    return [results(value)[:FIRST.get(name)] for (name, *_), value in zip(group, values)]


@pytest.mark.parametrize("group", GROUPS, ids=[f"{group[0][0]}..{group[-1][0]}" for group in GROUPS])
def test_operators(group, fallbacks, monkeypatch):
    arguments = [given for _, given, _ in group]
    compiled = torch.compile(lambda arguments: trim(group, run(group, arguments)), backend="quern", fullgraph=True)
    given, expected = compiled(arguments), trim(group, run(group, arguments))
    assert not fallbacks()
    wrong = []
    for (name, inputs, keywords), ours, theirs in zip(group, given, expected):
        try:
            for a, b in zip(ours, theirs, strict=True):
                if name in EMPTY:
                    a, b = torch.zeros_like(a), torch.zeros_like(b)
                torch.testing.assert_close(a, b, equal_nan=True, **tolerance(b))
        except AssertionError as error:
            wrong.append(f"{name}{tuple(getattr(one, 'shape', one) for one in inputs)}{keywords or ''}: {error}")
    assert not wrong, "\n".join(wrong)


def tolerance(tensor):
    return {"rtol": 1e-5, "atol": 1e-5} if tensor.dtype == torch.float32 else {}


def test_every_operator_has_a_case():
    own = {f"aten.{name}" for name, *_ in CASES}
    own |= {"quern.recurrent.default", "transformers.grouped_mm_fallback.default"}    # test_networks.py, test_module.py
    assert set(aten.LOWERINGS) | set(map(str, COMPOSITES)) == own
