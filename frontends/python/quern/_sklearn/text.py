"""Vectorizers of texts: the terms that a vocabulary has, counted and weighed."""
import weakref

import numpy as np

from .._errors import InputError
from .._trace import strings
from .._trace.array import Tracer
from .registry import reader, refuse
from .rows import Columns, trace, validate

_LETTERS = {r"(?u)\b\w\w+\b": 2, r"\b\w\w+\b": 2, r"(?u)\b\w+\b": 1, r"\b\w+\b": 1}    # token_pattern: of a word
_made = weakref.WeakKeyDictionary()    # program -> {name of the Value of counts: Counts}


class Counts:
    """The terms of texts before they are weighed."""

    def __init__(self, texts, table, count, options):
        self.texts, self.table, self.count, self.options = texts, table, count, options

    def weighed(self, factors=None, sublinear=False, norm=None):
        return Tracer(strings.terms(self.texts, self.table, self.count, factors, sublinear=sublinear, norm=norm or "none",
                                    **self.options))


def _one_column(X):
    if isinstance(X, Columns):
        if len(X) != 1:
            raise InputError(f"a vectorizer takes one column of texts, not {len(X)}")
        return X.values[0]
    return X


def _check(estimator):
    """Refuses what would take texts apart in another way than the kernel does."""
    for parameter, wanted in (("tokenizer", None), ("preprocessor", None), ("strip_accents", None), ("input", "content")):
        if getattr(estimator, parameter) != wanted:
            refuse(estimator, parameter)
    if estimator.analyzer not in ("word", "char", "char_wb"):
        refuse(estimator, "analyzer")
    if estimator.analyzer == "word" and estimator.token_pattern not in _LETTERS:
        refuse(estimator, "token_pattern")


def _counter(estimator):
    """A function from texts to their Counts."""
    _check(estimator)
    vocabulary, is_word = estimator.vocabulary_, estimator.analyzer == "word"
    terms = sorted(vocabulary, key=vocabulary.get)
    stop_words = sorted(estimator.get_stop_words() or ()) if is_word else []
    least, most = estimator.ngram_range
    options = {"analyzer": estimator.analyzer, "least_n": int(least), "most_n": int(most),
               "least_letters": _LETTERS[estimator.token_pattern] if is_word else 1,
               "lowercase": bool(estimator.lowercase), "binary": bool(estimator.binary)}

    def count(X):
        texts = _one_column(X).value
        groups = [[term.encode("utf-8", "surrogatepass") for term in terms]]
        if stop_words:
            groups.append([word.encode("utf-8", "surrogatepass") for word in stop_words])
        return Counts(texts, strings.Table(texts.program, groups), len(terms), options)

    return count


@reader("sklearn.feature_extraction.text.CountVectorizer", takes="texts")
def count_vectorizer(estimator):
    count = _counter(estimator)

    def transform(X):
        counts = count(X)
        result = counts.weighed().astype(estimator.dtype)
        _made.setdefault(trace().program, {})[result.value.name] = counts
        return result

    return {"transform": transform}


@reader("sklearn.feature_extraction.text.TfidfVectorizer", takes="texts")
def tfidf_vectorizer(estimator):
    count = _counter(estimator)
    inner = estimator._tfidf
    factors = np.asarray(inner.idf_) if inner.use_idf else None

    def transform(X):
        return count(X).weighed(factors, bool(inner.sublinear_tf), inner.norm).astype(estimator.dtype)

    return {"transform": transform}


@reader("sklearn.feature_extraction.text.TfidfTransformer")
def tfidf_transformer(estimator):
    factors = np.asarray(estimator.idf_) if estimator.use_idf else None

    def transform(X):
        counts = _made.get(trace().program, {}).get(X.value.name) if isinstance(X, Tracer) else None
        if counts is not None:
            return counts.weighed(factors, bool(estimator.sublinear_tf), estimator.norm)
        return _weigh(X, estimator, factors)

    return {"transform": transform}


def _weigh(X, estimator, factors):
    X = validate(X, "TfidfTransformer", dtype=[np.float64, np.float32])
    if estimator.sublinear_tf:
        X = np.where(X == 0, X, np.log(np.where(X == 0, np.ones_like(X), X)) + 1)
    if factors is not None:
        X = X * factors.astype(X.dtype)
    if estimator.norm is None:
        return X
    size = (np.sqrt(np.sum(X * X, axis=1, keepdims=True)) if estimator.norm == "l2" else
            np.sum(np.abs(X), axis=1, keepdims=True))
    return X / np.where(size == 0, np.ones_like(size), size)
