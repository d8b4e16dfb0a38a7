"""Encoders of categories and vectorizers of texts, beside scikit-learn's."""
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from estimator_cases import parameters
from cases_strings import COLORS, TEXTS, table
from estimator_differential import compare, expected
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, OrdinalEncoder

import quern


def fitted(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return case.fit()


def repeated(rows, count):
    if isinstance(rows, pd.DataFrame):
        return pd.concat([rows] * (count // len(rows) + 1))[:count].reset_index(drop=True)
    if isinstance(rows, list):
        return (rows * (count // len(rows) + 1))[:count]
    return np.concatenate([rows] * (count // len(rows) + 1))[:count]


@pytest.mark.parametrize("case", parameters("categories") + parameters("values") + parameters("texts") + parameters("counts"))
def test_transform(case):
    estimator, rows = fitted(case)
    compiled = quern.compile(estimator)
    for batch in (1, 7, len(rows), 1000):
        some = repeated(rows, batch)
        compare(compiled.transform(some), expected(estimator, "transform", some), 1e-14, f"{estimator}, batch {batch}")


#--- Categories -----------------------------------------------------------------------------------

@pytest.mark.parametrize("settings", [{"handle_unknown": "ignore"},
                                      {"handle_unknown": "infrequent_if_exist", "min_frequency": 10}])
def test_unknown_categories(settings):
    frame, other = table(), table(seed=5)
    other.loc[::3, "color"] = "violet"
    other.loc[1::4, "gappy"] = None
    other.loc[2::4, "count"] = 99
    other.loc[::5, "level"] = -3.5
    encoder = OneHotEncoder(**settings).fit(frame)
    compare(quern.compile(encoder).transform(other), expected(encoder, "transform", other), 0, str(settings))
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(frame)
    compare(quern.compile(encoder).transform(other), expected(encoder, "transform", other), 0, "ordinal")


def test_an_unknown_category_is_refused_with_its_column():
    frame = table()
    encoder = OneHotEncoder().fit(frame)
    compiled = quern.compile(encoder)
    other = frame.copy()
    other.loc[3, "gappy"] = "d"
    with pytest.raises(ValueError, match="column gappy"):
        compiled.transform(other)
    with pytest.raises(ValueError):
        encoder.transform(other)
    encoder = OrdinalEncoder().fit(frame[["color", "gappy"]].to_numpy())
    with pytest.raises(ValueError, match="column 1 has a value that the model does not know"):
        quern.compile(encoder).transform(np.array([["red", "a"], ["red", "z"]], dtype=object))
    with pytest.raises(ValueError, match="does not know"):
        quern.compile(LabelEncoder().fit(["a", "b"])).transform(["a", "c"])


@pytest.mark.parametrize("dtype", ["object", "str", "category", "string"])
def test_columns_of_pandas(dtype):
    frame = pd.DataFrame({"color": pd.Series(COLORS * 3).astype(dtype)})
    encoder = OneHotEncoder().fit(frame)
    compare(quern.compile(encoder).transform(frame), expected(encoder, "transform", frame), 0, dtype)


def test_layouts_of_strings():
    rows = np.array([COLORS, COLORS[::-1]] * 2)
    encoder = OrdinalEncoder().fit(rows)
    compiled = quern.compile(encoder)
    want = encoder.transform(rows)
    for what, some in {"Fortran order": np.asfortranarray(rows), "strides": np.repeat(rows, 2, axis=0)[::2],
                       "big-endian": rows.astype(rows.dtype.newbyteorder(">")), "a list": rows.tolist(),
                       "objects": rows.astype(object)}.items():
        compare(compiled.transform(some), want, 0, what)


def test_numbers_are_equal_as_in_python():
    rows = np.array([[1], [2.5], [True], [None]], dtype=object)
    compiled = quern.compile(OneHotEncoder(handle_unknown="ignore").fit(rows))
    got = compiled.transform(np.array([[1.0], [True], [np.int64(1)], ["1"], [2.5], [None], [float("nan")]], dtype=object))
    assert got.tolist() == [[1, 0, 0]] * 3 + [[0] * 3, [0, 1, 0], [0, 0, 1], [0] * 3]


@pytest.mark.parametrize("wrong", ["\ud800", b"bytes", object(), 2**53 + 1])
def test_elements_that_are_no_category(wrong):
    compiled = quern.compile(OrdinalEncoder().fit(np.array([["a"]], dtype=object)))
    with pytest.raises(quern.InputError, match="element 1"):
        compiled.transform(np.array([["a"], [wrong]], dtype=object))


#--- Texts ----------------------------------------------------------------------------------------

def test_texts_that_were_not_fitted():
    rng = np.random.default_rng(0)
    pieces = [piece for text in TEXTS for piece in re.split(r"(\W+)", text)] + ["Σ", "ΑΣ", "\u00ad", "'", "\u0345"]
    made = ["".join(rng.choice(pieces, rng.integers(0, 40))) for _ in range(300)] + ["w" * 100_000, "w " * 100_000]
    for vectorizer in (CountVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4)),
                       TfidfVectorizer(analyzer="char", ngram_range=(2, 3), sublinear_tf=True)):
        vectorizer.fit(TEXTS)
        compare(quern.compile(vectorizer).transform(made), expected(vectorizer, "transform", made), 1e-14, str(vectorizer))


def test_forms_of_texts():
    vectorizer = TfidfVectorizer().fit(TEXTS)
    compiled = quern.compile(vectorizer)
    want = vectorizer.transform(TEXTS).toarray()
    for some in (np.array(TEXTS, dtype=object), pd.Series(TEXTS), tuple(TEXTS), (text for text in TEXTS)):
        compare(compiled.transform(some), want, 1e-14)
    plain = [text for text in TEXTS if "\0" not in text]
    compare(compiled.transform(np.array(plain)), vectorizer.transform(plain).toarray(), 1e-14)
    assert compiled.transform([]).shape == (0, want.shape[1])


@pytest.mark.parametrize("wrong", ["one text", [b"bytes"], ["a", None], ["a", 3], [["a"]], np.array([["a"]])])
def test_what_is_no_text(wrong):
    compiled = quern.compile(CountVectorizer().fit(TEXTS))
    with pytest.raises(quern.InputError):
        compiled.transform(wrong)


@pytest.mark.parametrize("settings", [{"tokenizer": str.split, "token_pattern": None}, {"preprocessor": str.upper},
                                      {"strip_accents": "unicode"}, {"token_pattern": r"[a-z]+"},
                                      {"analyzer": str.split}])
def test_other_ways_to_take_texts_apart_are_refused(settings):
    with pytest.raises(quern.UnsupportedError, match=next(iter(settings))):
        quern.compile(CountVectorizer(**settings).fit(TEXTS))


def test_weights_follow_counts():
    counter = CountVectorizer().fit(TEXTS)
    weigher = TfidfTransformer(sublinear_tf=True).fit(counter.transform(TEXTS))
    compiled = quern.compile(TfidfVectorizer(sublinear_tf=True).fit(TEXTS))
    compare(compiled.transform(TEXTS), weigher.transform(counter.transform(TEXTS)), 1e-14)
