"""Print an ensemble that is too large to write down: `large-trees.py SHAPE SIZE...`.

    complete SIZE   one tree, all of whose leaves lie SIZE levels below the root
    chain SIZE      one tree, each of whose SIZE nodes has a leaf at yes
    pair YES NO     one tree, whose root has chains of so many nodes on its two sides
    stumps SIZE     SIZE trees of one node, each of which asks for a feature of its own
"""
import sys


def complete(levels):
    inner = 2**levels - 1
    child = lambda c: c if c < inner else ~(c - inner)
    return [(0, child(2 * i + 1), child(2 * i + 2)) for i in range(inner)], [0]


def chain(nodes):
    return [(0, ~i, i + 1 if i + 1 < nodes else ~nodes) for i in range(nodes)], [0]


def pair(yes, no):
    first, second = ([(0, ~(leaf + i), at + i + 1 if i + 1 < count else ~(leaf + count)) for i in range(count)]
                     for at, leaf, count in ((1, 0, yes), (1 + yes, yes + 1, no)))
    return [(0, 1, 1 + yes), *first, *second], [0]


def stumps(trees):
    return [(i, ~(2 * i), ~(2 * i + 1)) for i in range(trees)], range(trees)


nodes, roots = {"complete": complete, "chain": chain, "pair": pair, "stumps": stumps}[sys.argv[1]](*map(int, sys.argv[2:]))
features, leaves = 1 + max(feature for feature, _, _ in nodes), len(nodes) + len(roots)
print(f"""func.func @large(%x: tensor<7x{features}xf32>) -> tensor<7x1xf64> {{
  %nodes = graph.constant dense<{[[*node, 0, -1] for node in nodes]}> : tensor<{len(nodes)}x5xi32>
  %thresholds = graph.constant dense<{[float(i) for i in range(len(nodes))]}> : tensor<{len(nodes)}xf32>
  %values = graph.constant dense<1.0> : tensor<{leaves}x1xf64>
  %trees = graph.constant dense<{[[root, 0] for root in roots]}> : tensor<{len(roots)}x2xi32>
  %base = graph.constant dense<0.0> : tensor<1xf64>
  %sets = graph.constant dense<> : tensor<0xi32>
  %y = graph.tree_ensemble %x, %nodes, %thresholds, %values, %trees, %base, %sets {{compare = #graph<compare le>}}
      : (tensor<7x{features}xf32>, tensor<{len(nodes)}x5xi32>, tensor<{len(nodes)}xf32>, tensor<{leaves}x1xf64>, tensor<{len(roots)}x2xi32>, tensor<1xf64>, tensor<0xi32>) -> tensor<7x1xf64>
  return %y : tensor<7x1xf64>
}}""")
