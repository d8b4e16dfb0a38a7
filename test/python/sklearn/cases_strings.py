"""Encoders of categories and vectorizers of texts, with rows for each."""
import numpy as np
import pandas as pd
from estimator_cases import CASES, Case
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.preprocessing import LabelBinarizer, LabelEncoder, OneHotEncoder, OrdinalEncoder, TargetEncoder

COLORS = ["red", "green", "blau", "日本", "İß", "", "e\u0301", "😀"]


def table(rows=120, seed=0):
    """Columns of strings, of strings with gaps, of integers, of floats with gaps."""
    rng = np.random.default_rng(seed)
    gappy = rng.choice(["a", "b", "c"], rows).astype(object)
    gappy[rng.random(rows) < 0.2] = np.nan
    floats = rng.choice([0.5, -1.0, 0.0, 7.0], rows)
    floats[rng.random(rows) < 0.2] = np.nan
    # A few of some, so that there are infrequent ones.
    colors = rng.choice(COLORS, rows, p=[0.4, 0.3, 0.2, 0.04, 0.02, 0.02, 0.01, 0.01])
    return pd.DataFrame({"color": colors.astype(object), "gappy": gappy, "count": rng.integers(0, 5, rows), "level": floats})


def objects(seed=0):
    frame = table(seed=seed)
    return np.array([[*row] for row in frame.drop(columns="level").itertuples(index=False)], dtype=object)


def add(name, estimator, rows, kind, y=None, **options):
    def fit():
        from sklearn.base import clone
        fresh = clone(estimator)
        return (fresh.fit(rows) if y is None else fresh.fit(rows, y)), rows
    CASES[f"{name}-{len(CASES)}"] = Case(name, fit, rows=kind, **options)


TABLES = (table(), table()[["color", "gappy"]], objects(), table()[["color"]].to_numpy().astype("U"),
          table()[["count", "level"]].to_numpy(), table()[["count"]].to_numpy())
one_hot, ordinal, target = (f"sklearn.preprocessing.{name}" for name in ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder"))
for rows in TABLES:
    for settings in ({}, {"drop": "first"}, {"drop": "if_binary", "dtype": np.float32}, {"handle_unknown": "ignore"},
                     {"handle_unknown": "infrequent_if_exist", "min_frequency": 10},
                     {"handle_unknown": "infrequent_if_exist", "max_categories": 3, "drop": "first"},
                     {"sparse_output": False, "min_frequency": 0.1}):
        add(one_hot, OneHotEncoder(**settings), rows, "categories")
    for settings in ({}, {"handle_unknown": "use_encoded_value", "unknown_value": -1}, {"encoded_missing_value": -7},
                     {"handle_unknown": "use_encoded_value", "unknown_value": np.nan, "max_categories": 3},
                     {"dtype": np.float32}):
        add(ordinal, OrdinalEncoder(**settings), rows, "categories")
    rng = np.random.default_rng(1)
    for y in (rng.normal(size=len(rows)), rng.choice(["no", "yes"], len(rows)), rng.integers(0, 3, len(rows))):
        add(target, TargetEncoder(), rows, "categories", y=y)

for y in (np.array(["rye", "oat", "spelt", "oat"]), np.array(["no", "yes", "no"], dtype=object), np.array([3, 1, 2, 1]),
          np.array(["one"])):
    for estimator in (LabelEncoder(), LabelBinarizer(), LabelBinarizer(neg_label=-1, pos_label=2)):
        add(f"sklearn.preprocessing.{type(estimator).__name__}", estimator, y, "values")

TEXTS = ["The cat sat on the mat.", "the CAT  sat; the dog_1 ran away\n\nfast", "Straße STRASSE ﬁn", "ΟΔΥΣΣΕΥΣ ΑΣ. ΑΣ'Α",
         "İstanbul'da \u0130\u0307 gün", "日本語 テキスト 日本語", "emoji 😀😀 ok", "", " \t\n", "a b c d", "nul\0byte and\x1cgap",
         "e\u0301tude étude naïve", "don't can't won't", "١٢٣ ४५ 12_3", "wide\u3000space\u00a0here", "x" * 300 + " x",
         "word " * 50, "the the the and of"]
text = "sklearn.feature_extraction.text"
for settings in ({}, {"ngram_range": (1, 3)}, {"ngram_range": (2, 2), "binary": True}, {"lowercase": False},
                 {"stop_words": "english", "ngram_range": (1, 2)}, {"stop_words": ["the", "cat"]}, {"max_features": 7},
                 {"token_pattern": r"(?u)\b\w+\b"}, {"analyzer": "char", "ngram_range": (1, 3)},
                 {"analyzer": "char_wb", "ngram_range": (2, 5)}, {"analyzer": "char_wb", "ngram_range": (6, 7)},
                 {"analyzer": "char", "lowercase": False, "ngram_range": (4, 4)}, {"dtype": np.float32},
                 {"vocabulary": ["the", "cat sat", "dog_1", "the cat"], "ngram_range": (1, 2), "stop_words": ["the"]}):
    add(f"{text}.CountVectorizer", CountVectorizer(**settings), TEXTS, "texts")
    add(f"{text}.TfidfVectorizer", TfidfVectorizer(**settings), TEXTS, "texts")
for settings in ({"norm": None}, {"norm": "l1", "sublinear_tf": True}, {"use_idf": False}, {"smooth_idf": False}):
    add(f"{text}.TfidfVectorizer", TfidfVectorizer(**settings), TEXTS, "texts")
counts = np.random.default_rng(0).poisson(0.5, (40, 6)).astype(float)
for settings in ({}, {"sublinear_tf": True, "norm": "l1"}, {"use_idf": False, "norm": None}):
    add(f"{text}.TfidfTransformer", TfidfTransformer(**settings), counts, "counts")
