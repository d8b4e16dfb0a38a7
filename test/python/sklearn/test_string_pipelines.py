"""Pipelines that begin with strings, beside scikit-learn's."""
import numpy as np
import pandas as pd
import pytest
from cases_strings import TEXTS, objects, table
from estimator_differential import compare, expected
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import quern

LABELS = np.array(["λ", "prose", "x"])[np.arange(len(TEXTS)) % 3]


def fused(model, method):
    """Names of the ops of a compiled method's kernels."""
    programs = list(getattr(model, method)._programs.values())
    return [op for kernel in programs[0].model.manifest["kernels"] for op in kernel["ops"]]


@pytest.mark.parametrize("steps", [
    (TfidfVectorizer(), LogisticRegression()), (CountVectorizer(), MultinomialNB()),
    (CountVectorizer(ngram_range=(1, 2)), TfidfTransformer(sublinear_tf=True), LogisticRegression()),
    (CountVectorizer(binary=True), ComplementNB()), (TfidfVectorizer(), TruncatedSVD(3, random_state=0), LogisticRegression()),
    (make_union(TfidfVectorizer(), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3))), LogisticRegression()),
], ids=lambda steps: type(steps[-1]).__name__)
def test_texts(steps):
    model = make_pipeline(*steps).fit(TEXTS, LABELS)
    compiled = quern.compile(model)
    for texts in (TEXTS[:1], TEXTS, TEXTS * 40):
        compare(compiled.predict(texts), model.predict(texts), 0)
        compare(compiled.predict_proba(texts), model.predict_proba(texts), 1e-10)
    ops = fused(compiled, "predict_proba")
    assert "term_product" in ops and "terms" not in ops, ops


@pytest.mark.parametrize("vectorizer, final", [(TfidfVectorizer(), DecisionTreeClassifier(random_state=0)),
                                               (CountVectorizer(dtype=np.float32), Ridge())])
def test_other_models_of_texts(vectorizer, final):
    y = LABELS if isinstance(final, DecisionTreeClassifier) else np.arange(len(TEXTS), dtype=float)
    model = make_pipeline(vectorizer, final).fit(TEXTS, y)
    compare(quern.compile(model).predict(TEXTS * 3), model.predict(TEXTS * 3), 1e-5)


def frame_pipeline(final):
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return make_pipeline(ColumnTransformer([("words", words, ["color", "gappy"]), ("numbers", numbers, ["count", "level"])]), final)


def test_frames():
    frame = table()
    y = np.random.default_rng(0).choice(["no", "yes"], len(frame))
    model = frame_pipeline(LogisticRegression()).fit(frame, y)
    compiled = quern.compile(model)
    other = table(seed=9)
    other.loc[3, "color"] = "violet"
    for rows in (frame, other, other[:1], other[["level", "gappy", "color", "count"]], other.astype({"color": "category"}),
                 other.assign(more=1), pd.concat([other] * 10)):
        compare(compiled.predict(rows), model.predict(rows), 0)
        compare(compiled.predict_proba(rows), model.predict_proba(rows), 1e-10)


def test_texts_beside_other_columns():
    frame = pd.DataFrame({"text": TEXTS, "color": ["red", "blue"] * (len(TEXTS) // 2), "size": np.arange(len(TEXTS)) / 7})
    model = make_pipeline(make_column_transformer((TfidfVectorizer(), "text"), (OneHotEncoder(), ["color"]),
                                                  remainder="passthrough"), LogisticRegression()).fit(frame, LABELS)
    compiled = quern.compile(model)
    compare(compiled.predict_proba(frame), model.predict_proba(frame), 1e-10)
    assert "term_product" in fused(compiled, "predict_proba")


def test_arrays_of_objects():
    rows = objects()
    y = np.random.default_rng(0).choice(3, len(rows))
    model = make_pipeline(make_column_transformer((OneHotEncoder(handle_unknown="ignore"), [0, 1]), (StandardScaler(), [2])),
                          LogisticRegression()).fit(rows, y)
    compare(quern.compile(model).predict_proba(rows), expected(model, "predict_proba", rows), 1e-10)
    model = make_pipeline(OrdinalEncoder(), DecisionTreeClassifier(random_state=0)).fit(rows, y)
    compare(quern.compile(model).predict(rows), expected(model, "predict", rows), 0)


def test_filled_strings():
    rows = table()[["gappy", "color"]].to_numpy()
    whole = rows[:, 1:]
    for some, settings in ((rows, {"strategy": "most_frequent"}), (rows, {"strategy": "constant", "fill_value": "none"}),
                           (whole, {"strategy": "constant", "fill_value": "日本", "missing_values": "red"})):
        imputer = SimpleImputer(**settings).fit(some)
        compare(quern.compile(imputer).transform(some), imputer.transform(some), 0, str(settings))


def test_in_float32():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, LABELS)
    compare(quern.compile(model, precision="float32").predict_proba(TEXTS).astype(float), model.predict_proba(TEXTS), 1e-5)
    rows = table()[["level"]] + 0.1     # which float32 rounds
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows, ["a", "b"] * (len(rows) // 2))
    compare(quern.compile(model, precision="float32").predict_proba(rows).astype(float), model.predict_proba(rows), 1e-5)


@pytest.mark.parametrize("bad, why", [(np.inf, "infinity"), (9.0, "Found unknown categories in column 1")])
def test_numbers_that_are_no_category(bad, why):
    rows = np.array([[1.0, 2.0], [3.0, np.nan]])
    compiled = quern.compile(OneHotEncoder().fit(rows))
    rows[1, 1] = bad
    with pytest.raises(quern.InputError, match=why):
        compiled.transform(rows)
