"""refused.txt: the cases that Quern does not take, under what the refusal says.

    = operator Unique is not supported
    unique_sorted_with_axis
    # a comment
"""
import re



def read_refusals(path):
    """The pattern that each case's refusal contains, by the case's name."""
    refused, pattern = {}, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if line.startswith("= "):
            pattern = re.compile(line.removeprefix("= "))
        elif line and not line.startswith("#"):
            assert pattern, f"{path}:{number}: a case before any reason"
            assert line not in refused, f"{path}:{number}: {line} is listed twice"
            refused[line] = pattern
    return refused
