"""Encoders of categories: strings, numbers and both in one column."""
import numpy as np

from .._errors import InputError
from .._trace import build, strings
from .._trace.array import Tracer
from .._trace.program import STRING
from .registry import Fitted, reader, refuse
from .rows import Columns, Labels, Stacked, full, matrix, take, trace, validate


def is_text(tracer):
    return tracer.dtype == STRING


#--- Categories to numbers ------------------------------------------------------------------------

def _keys(categories, dtype, narrow):
    """The keys of the categories for a column of this dtype, as float32 where that is what its rows are rounded to. One that
    no element can be equal to has a key that none has."""
    if dtype == STRING:
        return [strings.string_key(one) for one in categories]
    keys = []
    for place, one in enumerate(categories):
        number = one is not None and not isinstance(one, str) and (dtype == np.float64 or one == int(one))
        rounded = np.array([one], np.float32 if narrow and dtype == np.float64 else dtype) if number else None
        keys.append(b"\xff%d" % place if rounded is None else strings.number_keys(rounded)[0])
    return keys


def _key_dtype(dtype, categories):
    """What a column is looked up as: strings, float64 or int64."""
    if dtype == STRING:
        return STRING
    floats = dtype.kind == "f" or any(isinstance(one, (float, np.floating)) and one != np.floor(one) for one in categories)
    return np.dtype(np.float64 if floats else np.int64)


def _lookup(values, categories, required):
    """int64 numbers of values in the columns' categories: one column [N], or columns side by side [N, F]."""
    dtypes = {_key_dtype(values.dtype, one) for one in categories}
    dtype = np.dtype(np.float64) if len(dtypes) > 1 else dtypes.pop()
    table = strings.Table(values.program, [_keys(one, dtype, values.program.narrow) for one in categories])
    return strings.lookup(values if dtype == STRING else strings.wide(values) if dtype == np.float64
                          else build.cast(values, dtype), table, required)


def codes(X, name, categories, required):
    """The number of each element among the categories of its column, -1 where it is none: a Tracer [N, F] of int64."""
    if not isinstance(X, Columns):
        if is_text(X):
            return Tracer(_lookup(X.value, categories, required))
        numbers = Tracer(_lookup(validate(X, name, allow_nan=True).value, categories, required and not trace().reports))
        for place in range(len(categories) if required else 0):     # behind the checks of values that are no categories
            trace().refuse(lambda place=place: numbers[:, place] < 0,
                           f"Found unknown categories in column {place} during transform")
        return numbers
    found, program = [], trace().program
    place = program.place
    for column, label, own in zip(X.values, X.names, categories):
        program.place = f"{name} of column {label}"
        found.append(build.add_axes(_lookup(column.value, [own], required), (1,)))
    program.place = place
    return Tracer(build.concat(found, 1))


def coded(X, categories, required=False):
    """A frame's columns side by side, those with categories as the numbers of their values, NaN where there is none.

    categories: feature -> values. A matrix has numbers already. required: other values are refused.
    """
    if not isinstance(X, Columns) or not categories:
        return matrix(X)
    values = list(X.values)
    for feature, own in categories.items():
        column = values[feature]
        if not is_text(column) and any(isinstance(one, str) for one in own):
            raise InputError(f"column {X.names[feature]!r} has numbers, where the model was fitted on categories that are texts")
        numbers = Tracer(_lookup(column.value, [own], False))
        if required:
            trace().refuse(lambda numbers=numbers, column=column: (numbers < 0) & ~_is_missing(column),
                           f"Found a category not in the training set in column {X.names[feature]!r}")
        values[feature] = np.where(numbers < 0, np.nan, numbers.astype(np.float64))
    return matrix(Columns(X.names, values))


def _is_missing(column):
    if not is_text(column):
        return np.isnan(column) if column.dtype.kind == "f" else np.zeros_like(column, dtype=bool)
    gaps = strings.Table(column.value.program, [[strings.NONE, strings.NAN, b"\xffNA"]])
    return Tracer(strings.lookup(column.value, gaps)) >= 0


def _mapped(numbers, maps):
    """maps[c][number] for each column c of [N, F], where -1 is the last of a map."""
    sizes = np.array([len(one) for one in maps])
    starts = np.cumsum(sizes) - sizes
    return take(np.concatenate(maps), np.where(numbers < 0, starts + sizes - 1, numbers + starts))


#--- One-hot ------------------------------------------------------------------------------------

@reader("sklearn.preprocessing.OneHotEncoder", takes="categories")
def one_hot(estimator):
    required = estimator.handle_unknown == "error"
    maps, widths = _one_hot_maps(estimator)
    if any(len(one) == 0 for one in estimator.categories_):
        refuse(estimator, "categories")
    dtype = np.dtype(estimator.dtype)
    column_of = np.repeat(np.arange(len(widths)), widths)
    place_in = np.concatenate([np.arange(width) for width in widths])
    plain = all(np.array_equal(one, [*range(len(one) - 1), -1]) for one in maps)

    def transform(X):
        numbers = codes(X, "OneHotEncoder", estimator.categories_, required)
        numbers = numbers if plain else _mapped(numbers, maps)
        return (take(numbers, Tracer(build.constant(trace().program, column_of)), axis=1) == place_in).astype(dtype)

    return Fitted("OneHotEncoder", {"transform": transform}, "categories", inverse=_one_hot_inverse(estimator))


def _one_hot_maps(estimator):
    """For each column: the place of each category among the column's outputs, and last that of unknown ones; -1 is none.
    And how many outputs it has."""
    maps, widths = [], []
    unknown_is_infrequent = estimator.handle_unknown in ("infrequent_if_exist", "warn")
    for column, categories in enumerate(estimator.categories_):
        grouped, infrequent = _grouped(estimator, column, len(categories))
        count = int(grouped.max()) + 1
        places = np.append(grouped, infrequent if unknown_is_infrequent else -1)
        dropped = estimator._drop_idx_after_grouping
        if dropped is not None and dropped[column] is not None:
            gone = int(dropped[column])
            places = np.where(places == gone, -1, places - (places > gone))
            count -= 1
        maps.append(places)
        widths.append(count)
    return maps, widths


def _grouped(estimator, column, count):
    """Categories with the infrequent ones as one, behind the others; and the number of that one, -1 where there is none."""
    if not getattr(estimator, "_infrequent_enabled", False):
        return np.arange(count), -1
    mapping = estimator._default_to_infrequent_mappings[column]
    if mapping is None:
        return np.arange(count), -1
    return np.asarray(mapping), int(np.max(mapping))


def _restored(name, categories, numbers, as_objects=False):
    """Categories by their numbers, one Tracer [N] for each column: side by side in the dtype of them all. -1 is None."""
    kinds = {np.asarray(own).dtype for own in categories}
    if not as_objects and all(kind.kind in "biuf" for kind in kinds):
        for number in numbers:
            trace().refuse(lambda number=number: number < 0, f"{name}.inverse_transform: a row has no known category, which "
                           "only categories that are texts have None for")
        kind = np.result_type(*kinds)
        return np.stack([take(np.asarray(own, kind), np.maximum(number, 0)) for own, number in zip(categories, numbers)], axis=1)
    columns = [np.append(np.asarray(own, object), None) for own in categories]
    return Stacked([Labels(np.where(number < 0, len(own) - 1, number), own) for own, number in zip(columns, numbers)])


def _one_hot_inverse(estimator):
    """None where infrequent categories are one."""
    if getattr(estimator, "_infrequent_enabled", False):
        return None
    maps, widths = _one_hot_maps(estimator)
    starts, required = np.cumsum([0, *widths]), estimator.handle_unknown == "error"

    def one(X, column):
        places = maps[column]
        kept, dropped = np.flatnonzero(places[:-1] >= 0), np.flatnonzero(places[:-1] < 0)
        gone = int(dropped[0]) if len(dropped) else -1
        if not len(kept):
            return full(X, (), gone, np.int64)
        part = X[:, int(starts[column]):int(starts[column + 1])]
        none = ~np.any(part != 0, axis=1)
        if required and gone < 0:
            trace().refuse(lambda: none, "Samples can not be inverted when drop=None and handle_unknown='error' because they "
                           "contain all zeros")
        return np.where(none, gone, take(kept, np.argmax(part, axis=1)))

    def inverse(X):
        X = validate(X, "OneHotEncoder")
        return _restored("OneHotEncoder", estimator.categories_, [one(X, i) for i in range(len(widths))])

    return inverse


def _ordinal_inverse(estimator):
    if getattr(estimator, "_infrequent_enabled", False):
        return None
    unknown = estimator.unknown_value if estimator.handle_unknown == "use_encoded_value" else None

    def is_value(X, value):
        return np.isnan(X) if isinstance(value, float) and np.isnan(value) else X == value

    def one(x, column):
        missing = getattr(estimator, "_missing_indices", {}).get(column)
        number = np.where(np.isnan(x), 0.0, x).astype(np.int64)
        if missing is not None:
            number = np.where(is_value(x, estimator.encoded_missing_value), missing, number)
        if unknown is not None:
            number = np.where(is_value(x, unknown), -1, number)
        count = len(estimator.categories_[column])
        trace().refuse(lambda: (number < -1) | (number >= count), f"X has a number in column {column} that is no category")
        return np.clip(number, -1, count - 1)

    def inverse(X):
        X = validate(X, "OrdinalEncoder", allow_nan=True)
        X = X.astype(np.float64)
        numbers = [one(X[:, i], i) for i in range(len(estimator.categories_))]
        return _restored("OrdinalEncoder", estimator.categories_, numbers, as_objects=unknown is not None)

    return inverse


#--- Ordinal ------------------------------------------------------------------------------------

@reader("sklearn.preprocessing.OrdinalEncoder", takes="categories")
def ordinal(estimator):
    required = estimator.handle_unknown == "error"
    dtype = np.dtype(estimator.dtype)
    values = []
    for column, categories in enumerate(estimator.categories_):
        grouped, infrequent = _grouped(estimator, column, len(categories))
        own = grouped.astype(dtype)
        missing = getattr(estimator, "_missing_indices", {}).get(column)
        if missing is not None:     # the last one, which groups of infrequent ones leave out
            own = np.append(own[:missing], np.asarray(estimator.encoded_missing_value, dtype))
        unknown = 0 if required else estimator.unknown_value
        values.append(np.append(own, np.asarray(unknown, dtype)))
    plain = required and all(np.array_equal(own[:-1], np.arange(len(own) - 1)) for own in values)

    def transform(X):
        numbers = codes(X, "OrdinalEncoder", estimator.categories_, required)
        return numbers.astype(dtype) if plain else _mapped(numbers, values)

    return Fitted("OrdinalEncoder", {"transform": transform}, "categories", inverse=_ordinal_inverse(estimator))


#--- By the target --------------------------------------------------------------------------------

@reader("sklearn.preprocessing.TargetEncoder", takes="categories")
def target(estimator):
    categories, classes = estimator.categories_, 1
    if estimator.target_type_ == "multiclass":
        classes = len(estimator.classes_)
    means = np.atleast_1d(np.asarray(estimator.target_mean_, np.float64))
    encodings = [np.append(one, means[place % classes]) for place, one in enumerate(estimator.encodings_)]

    def transform(X):
        numbers = codes(X, "TargetEncoder", categories, required=False)
        column_of = np.repeat(np.arange(len(categories)), classes)
        return _mapped(take(numbers, Tracer(build.constant(trace().program, column_of)), axis=1), encodings)

    return {"transform": transform}


#--- Labels -------------------------------------------------------------------------------------

@reader("sklearn.preprocessing.LabelEncoder", takes="values")
def label(estimator):
    def transform(y):
        return Tracer(_lookup(y.value, [estimator.classes_], required=True))

    def inverse(numbers):
        count = len(estimator.classes_)
        trace().refuse(lambda: (numbers < 0) | (numbers >= count), "y contains previously unseen labels")
        return Labels(np.clip(numbers.astype(np.int64), 0, count - 1), estimator.classes_)

    return Fitted("LabelEncoder", {"transform": transform}, "values", inverse=inverse)


@reader("sklearn.preprocessing.LabelBinarizer", takes="values")
def label_binarizer(estimator):
    if estimator.y_type_.startswith("multilabel") or estimator.sparse_input_:
        refuse(estimator, "y_type_")
    classes, low, high = estimator.classes_, estimator.neg_label, estimator.pos_label

    def transform(y):
        numbers = Tracer(_lookup(y.value, [classes], required=False))
        if len(classes) <= 2:
            # One column, that of the second class; of a single class there is nothing to tell.
            return np.where(numbers[:, None] == (1 if len(classes) == 2 else -2), high, low)
        return np.where(numbers[:, None] == np.arange(len(classes)), high, low)

    def inverse(Y):
        Y = matrix(Y)
        if len(classes) > 2:
            return Labels(np.argmax(Y, axis=1), classes)
        found = Y[:, 0] > (high + low) / 2.0 if len(classes) == 2 else full(Y, (), False, bool)
        return Labels(found.astype(np.int64), classes)

    return Fitted("LabelBinarizer", {"transform": transform}, "values", inverse=inverse,
                  restores=len(classes) if len(classes) > 2 else 1)
