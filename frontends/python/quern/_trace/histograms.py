"""numpy.histogram2d and histogramdd: elements counted in the cells of a grid."""
import numpy as np

from .array import as_tracer
from .functions import implements
from .statistics import bins_of_edges, count_values


def _edges(column, bins, limits):
    if not isinstance(bins, (int, np.integer)):
        return as_tracer(bins)
    low, high = (np.min(column), np.max(column)) if limits is None else limits
    low, high = as_tracer(low) * 1.0, as_tracer(high) * 1.0
    flat = low == high
    return np.linspace(np.where(flat, low - 0.5, low), np.where(flat, high + 0.5, high), int(bins) + 1)


@implements(np.histogramdd)
def histogramdd(sample, bins=10, range=None, density=None, weights=None):
    columns = [np.ravel(one) for one in (sample if isinstance(sample, (list, tuple)) else np.atleast_2d(np.transpose(sample)))]
    count = len(columns)
    bins = [bins] * count if isinstance(bins, (int, np.integer)) else bins
    if len(bins) != count:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    limits = [None] * count if range is None else range
    edges = [_edges(*row) for row in zip(columns, bins, limits)]
    cells = [one.shape[0] - 1 for one in edges]
    place, outside, total = 0, False, 1
    for column, edge, extent in zip(columns, edges, cells):
        mine = bins_of_edges(column, edge)
        place, outside, total = place * extent + mine, outside | (mine == extent), total * extent
    counts = count_values(np.where(outside, total, place), None if weights is None else np.ravel(weights), total + 1)[:-1]
    counts = counts.reshape(cells).astype(np.float64)
    if density:
        counts = counts / np.sum(counts)
        for axis, edge in enumerate(edges):
            counts = counts / np.diff(edge).reshape([-1 if i == axis else 1 for i in np.arange(count)])
    return counts, tuple(edges)


@implements(np.histogram2d)
def histogram2d(x, y, bins=10, range=None, density=None, weights=None):
    # One array is the edges of both axes; two of anything are one for each.
    shared = not isinstance(bins, (int, np.integer)) and len(bins) != 2
    counts, (first, second) = histogramdd([x, y], [bins, bins] if shared else bins, range, density, weights)
    return counts, first, second
