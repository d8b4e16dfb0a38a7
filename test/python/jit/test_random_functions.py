"""Random functions beside NumPy: the cases of the first seeds. More of them: `python test_random_functions.py FIRST LAST`."""
import sys

import pytest
from compare_random import Difference, compare, shrink
from random_functions import draw

_SEEDS = range(48)
_PART = 8


@pytest.mark.parametrize("first", _SEEDS[::_PART])
def test_agrees(first):
    for seed in range(first, first + _PART):
        agree(seed)


def agree(seed):
    function = draw(seed)
    try:
        compare(function)
    except Difference:
        function = shrink(function)
        print(function)
        compare(function)


if __name__ == "__main__":
    for number in range(int(sys.argv[1]), int(sys.argv[2])):
        try:
            agree(number)
        except Difference as error:
            print(error, flush=True)
