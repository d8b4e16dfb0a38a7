"""inverse_transform, beside scikit-learn's."""
import pickle

import numpy as np
import pandas as pd
import pytest
from estimator_differential import compare
from sklearn import cluster, cross_decomposition, decomposition, feature_selection, pipeline, preprocessing, random_projection
from sklearn.linear_model import LogisticRegression

import quern

CASES = [
    preprocessing.StandardScaler(), preprocessing.StandardScaler(with_mean=False), preprocessing.MinMaxScaler((-1, 3)),
    preprocessing.MaxAbsScaler(), preprocessing.RobustScaler(), preprocessing.PowerTransformer(),
    preprocessing.QuantileTransformer(n_quantiles=20), preprocessing.QuantileTransformer(n_quantiles=20, output_distribution="normal"),
    preprocessing.KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf"),
    preprocessing.KBinsDiscretizer(4, encode="onehot-dense", quantile_method="averaged_inverted_cdf"),
    preprocessing.FunctionTransformer(), preprocessing.FunctionTransformer(np.log1p, np.expm1),
    decomposition.PCA(2), decomposition.PCA(2, whiten=True), decomposition.IncrementalPCA(3), decomposition.TruncatedSVD(2),
    decomposition.FastICA(3, random_state=0), decomposition.FastICA(random_state=0, whiten=False),
    decomposition.NMF(3, random_state=0, max_iter=500), decomposition.SparsePCA(2, random_state=0, max_iter=20),
    random_projection.GaussianRandomProjection(3, random_state=0),
    random_projection.SparseRandomProjection(3, random_state=0, compute_inverse_components=True),
    cluster.FeatureAgglomeration(2), cross_decomposition.PLSRegression(2),
    feature_selection.SelectKBest(k=2), feature_selection.VarianceThreshold(0.5), feature_selection.RFE(LogisticRegression(), n_features_to_select=1),
    pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(2)),
    pipeline.make_pipeline(feature_selection.SelectKBest(k=3), preprocessing.MinMaxScaler()),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("estimator", CASES, ids=str)
def test_inverse(estimator, dtype):
    rng = np.random.default_rng(0)
    X = np.abs(rng.normal(size=(60, 4)) * [1, 2, 1, 0.3] + [0, 1, 5, 2]).astype(dtype)
    estimator = estimator.fit(X, X[:, 0] + X[:, 1] > 2)
    Y = estimator.transform(X)
    compiled = quern.compile(estimator)
    compare(compiled.inverse_transform(Y), estimator.inverse_transform(Y), 1e-7)
    compare(pickle.loads(pickle.dumps(compiled)).inverse_transform(Y[:1]), estimator.inverse_transform(Y[:1]), 1e-7)
    with pytest.raises(ValueError, match=f"X has {Y.shape[1] + 1} features, but .* is expecting {Y.shape[1]} features"):
        compiled.inverse_transform(np.c_[Y, Y[:, :1]])


def test_gaps():
    """NaN goes through scalers both ways, and is refused by projections."""
    X = np.random.default_rng(0).normal(size=(20, 3))
    gaps = np.where(np.eye(20, 3) == 1, np.nan, X)
    scaler = preprocessing.StandardScaler().fit(gaps)
    compare(quern.compile(scaler).inverse_transform(gaps), scaler.inverse_transform(gaps), 1e-12)
    with pytest.raises(ValueError, match="contains NaN"):
        quern.compile(decomposition.PCA().fit(X)).inverse_transform(gaps)


@pytest.mark.parametrize("classes", [["b", "a", "c"], [3, 1, 7], [2.5, -1.0]])
def test_labels(classes):
    encoder = preprocessing.LabelEncoder().fit(classes)
    compiled = quern.compile(encoder)
    codes = np.arange(len(classes))[::-1].repeat(2)
    compare(compiled.inverse_transform(codes), encoder.inverse_transform(codes), 0)
    with pytest.raises(ValueError, match="previously unseen labels"):
        compiled.inverse_transform(codes + 1)


@pytest.mark.parametrize("labels", [["b", "a", "c"], [3, 1, 7], [True, False], ["one"]])
def test_binarized_labels(labels):
    binarizer = preprocessing.LabelBinarizer(neg_label=-1, pos_label=3).fit(labels)
    Y = binarizer.transform(labels[::-1] * 3)
    compare(quern.compile(binarizer).inverse_transform(Y), binarizer.inverse_transform(Y), 0)


TABLES = {"mixed": pd.DataFrame({"a": list("xyzxxzzyxy"), "b": list("pqpqpqqqqp"), "n": [3, 1, 7, 1, 3, 7, 7, 1, 3, 3]}),
          "numbers": pd.DataFrame({"n": [3, 1, 7, 1, 3, 7, 7, 1, 3, 3], "m": [0.5, 2.0] * 5}),
          "texts": np.array(list("xyzxxzzyxy") + list("pqpqpqqqqp")).reshape(2, 10).T,
          "gaps": pd.DataFrame({"a": [np.nan, *"xyzxyzxyz"], "n": [1.0, np.nan, *[2.0, 1.0] * 4]})}
ENCODERS = [preprocessing.OneHotEncoder(), preprocessing.OneHotEncoder(drop="first"),
            preprocessing.OneHotEncoder(drop="if_binary", handle_unknown="ignore"), preprocessing.OneHotEncoder(handle_unknown="ignore"),
            preprocessing.OrdinalEncoder(),
            preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-5),
            preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=-5)]


@pytest.mark.parametrize("encoder", ENCODERS, ids=str)
@pytest.mark.parametrize("rows", TABLES)
def test_categories(encoder, rows):
    """Of a row that no category is set of, texts are None; numbers have no such value, and are refused."""
    encoder = encoder.fit(TABLES[rows])
    compiled, made = quern.compile(encoder), encoder.transform(TABLES[rows])
    made = made.toarray() if hasattr(made, "toarray") else made
    assert _same(compiled.inverse_transform(made), encoder.inverse_transform(made))
    made = made.astype(float)
    made[3] = 0 if isinstance(encoder, preprocessing.OneHotEncoder) else -1
    try:
        want = encoder.inverse_transform(made)
    except (ValueError, IndexError):
        with pytest.raises(ValueError):
            compiled.inverse_transform(made)
        return
    if rows == "numbers" and any(one is None for one in want.ravel()) and isinstance(encoder, preprocessing.OneHotEncoder):
        with pytest.raises(quern.InputError, match="no known category"):
            compiled.inverse_transform(made)
    elif getattr(encoder, "unknown_value", None) == -1 or isinstance(encoder, preprocessing.OneHotEncoder):
        assert _same(compiled.inverse_transform(made), want)


def _same(got, want):
    return got.shape == want.shape and all(one == other or one != one and other != other
                                           for one, other in zip(got.ravel(), want.ravel()))


def test_imputed():
    """Of a SimpleImputer with an indicator, gaps come back."""
    from sklearn.impute import SimpleImputer
    X = np.where(np.random.default_rng(0).random((30, 4)) < 0.3, np.nan, np.arange(120.0).reshape(30, 4))
    X[:, 2] = 1.0
    imputer = SimpleImputer(add_indicator=True).fit(X)
    assert np.array_equal(quern.compile(imputer).inverse_transform(imputer.transform(X)), X, equal_nan=True)
    assert not hasattr(quern.compile(SimpleImputer().fit(X)), "inverse_transform")


def test_nothing_selected():
    X = np.random.default_rng(0).normal(size=(20, 3))
    chosen = feature_selection.SelectFwe(alpha=1e-12).fit(X, np.arange(20) % 2)
    with pytest.raises(ValueError, match="0 feature"):
        quern.compile(chosen).inverse_transform(X[:, :0])


def test_of_a_search():
    from sklearn.model_selection import GridSearchCV
    X = np.random.default_rng(0).normal(size=(40, 4))
    found = GridSearchCV(decomposition.PCA(), {"n_components": [1, 2]}, cv=2).fit(X)
    made = found.transform(X)
    compare(quern.compile(found).inverse_transform(made), found.inverse_transform(made), 1e-9)


def test_bins_that_are_not_there():
    X = np.random.default_rng(0).normal(size=(20, 2))
    bins = preprocessing.KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf").fit(X)
    with pytest.raises(ValueError, match="bins that are not there"):
        quern.compile(bins).inverse_transform(np.full((2, 2), 3.0))


def test_saved_alone(tmp_path):
    compiled = quern.compile(decomposition.PCA(2).fit(np.random.default_rng(0).normal(size=(20, 4))))
    compiled.save(tmp_path / "back.so", methods=["inverse_transform"])
    assert [(one.name, one.shape[1]) for one in quern.load(tmp_path / "back.so").inputs] == [("X", 2)]
    with pytest.raises(ValueError, match="save it alone"):
        compiled.save(tmp_path / "both.so", methods=["transform", "inverse_transform"])


def test_frames_without_a_function():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    same = preprocessing.FunctionTransformer().fit(frame)
    assert np.array_equal(quern.compile(same).transform(frame), frame.to_numpy())
