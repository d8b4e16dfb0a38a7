#!/usr/bin/env python3
"""Write OpSupport.inc: every operator of the domains below in the pinned onnx release, with its versions.

    python frontends/onnx/schema/make_known_operators.py > frontends/onnx/OpSupport.inc
"""
import sys
from collections import defaultdict

import onnx
import onnx.defs

PINNED = "1.22.0"
# Those with operators for inference: what trains a model is not compiled.
DOMAINS = ("", "ai.onnx.ml", "ai.onnx.preview")
# ONNX Runtime's operators have no schema here. These are the ones that frontends/onnx/lowering takes.
CONTRIBUTED = ("BiasGelu", "FastGelu", "FusedMatMul", "MultiHeadAttention", "SkipLayerNormalization",
               "SkipSimplifiedLayerNormalization")


def main():
    if onnx.__version__ != PINNED:
        sys.exit(f"onnx {onnx.__version__} is installed, but the schema is pinned to {PINNED}")
    versions = defaultdict(set)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain in DOMAINS:
            versions[schema.domain, schema.name].add(schema.since_version)
    for name in CONTRIBUTED:
        versions["com.microsoft", name].add(1)
    print(f"// QUERN_OPERATOR(domain, name, versions...): generated from onnx {PINNED} by schema/make_known_operators.py.")
    for (domain, name), since in sorted(versions.items()):
        print(f'QUERN_OPERATOR("{domain}", "{name}", {", ".join(map(str, sorted(since)))})')


if __name__ == "__main__":
    main()
