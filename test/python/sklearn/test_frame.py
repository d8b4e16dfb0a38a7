"""What all compiled estimators share: calls, frames, pickles, saved libraries, errors."""
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from data import binary, multiclass, texts
from sklearn.linear_model import LinearRegression, LogisticRegression

import quern


@pytest.fixture(scope="module")
def model():
    return LogisticRegression().fit(*multiclass())


@pytest.fixture(scope="module")
def compiled(model):
    return quern.compile(model)


def test_has_what_the_estimator_has(compiled, model):
    assert np.array_equal(compiled.classes_, model.classes_) and compiled.n_features_in_ == 6
    assert not hasattr(compiled, "transform") and not hasattr(compiled, "feature_names_in_")
    assert "predict_proba" in dir(compiled) and "LogisticRegression" in repr(compiled)
    assert not hasattr(quern.compile(LinearRegression().fit(*multiclass())), "predict_proba")


def test_later_fits_do_not_change_it(model):
    X, y = multiclass()
    own = LogisticRegression().fit(X, y)
    compiled, before = quern.compile(own), own.predict_proba(X.astype(np.float32))
    own.fit(-X, y)
    assert np.abs(compiled.predict_proba(X.astype(np.float32)) - before).max() < 1e-6


@pytest.mark.parametrize("change", ["none", "other processor"])
def test_pickle(compiled, model, monkeypatch, change):
    X, _ = multiclass()
    compiled.predict_proba(X)
    data = pickle.dumps(compiled)
    if change != "none":
        monkeypatch.setattr("quern._compile_cache._machine", lambda: "another")
    again = pickle.loads(data)
    assert np.array_equal(again.predict(X), model.predict(X))
    assert np.array_equal(again.predict(X.astype(np.float32)), model.predict(X.astype(np.float32)))
    assert np.abs(again.predict_proba(X) - model.predict_proba(X)).max() < 1e-12


def test_pickle_needs_no_scikit_learn(compiled, tmp_path):
    """Of the programs that were compiled before."""
    X, _ = multiclass()
    compiled.predict_proba(X)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(compiled))
    code = (f"import pickle, sys, numpy as np\nmodel = pickle.load(open({str(tmp_path / 'model.pickle')!r}, 'rb'))\n"
            "model.predict_proba(np.ones((2, 6)))\nassert 'sklearn' not in sys.modules\n")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads(model):
    X, _ = multiclass()
    compiled, want, failures = quern.compile(model), model.predict_proba(X), []

    def work():
        for _ in range(20):
            if not np.abs(compiled.predict_proba(X) - want).max() < 1e-12:
                failures.append("wrong")

    workers = [threading.Thread(target=work) for _ in range(8)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    assert not failures and len(compiled.predict_proba._programs) == 1


def test_frames():
    import pandas as pd
    X, y = binary()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    frame["a"] = (frame.a * 10).astype(int)
    model = LogisticRegression().fit(frame, y)
    compiled = quern.compile(model)
    assert list(compiled.feature_names_in_) == list("abcdef")
    assert np.array_equal(compiled.predict(frame), model.predict(frame))
    nullable = frame.astype({"a": "Int64", "b": "Float64"})
    assert np.array_equal(compiled.predict(nullable), model.predict(nullable))
    nullable.loc[2, "a"] = pd.NA
    with pytest.raises(ValueError, match="NaN"):
        compiled.predict(nullable)
    for wrong, text in ((frame[list("bacdef")], "same order"), (frame.rename(columns={"a": "z"}), "unseen at fit time: z"),
                        (frame[list("abcde")], "5 features")):
        with pytest.raises(quern.InputError, match=text):
            compiled.predict(wrong)


def test_refuses():
    X, y = binary()
    with pytest.raises(quern.UsageError, match="not fitted"):
        quern.compile(LogisticRegression())

    class Own(LogisticRegression):
        pass

    with pytest.raises(quern.UnsupportedError, match="subclass of sklearn.linear_model.LogisticRegression"):
        quern.compile(Own().fit(X, y))
    from sklearn.manifold import TSNE
    with pytest.raises(quern.UnsupportedError, match="sklearn.manifold.TSNE"):
        quern.compile(TSNE())
    with pytest.raises(quern.UsageError, match="shapes"):
        quern.compile(LogisticRegression().fit(X, y), shapes={"X": (1, 6)})
    compiled = quern.compile(LogisticRegression().fit(X, y))
    import scipy.sparse
    for rows in (scipy.sparse.csr_array(X), np.full(X.shape, "a", object), "a text", None, X.astype("U8")):
        with pytest.raises(quern.InputError):
            compiled.predict(rows)
    assert np.array_equal(compiled.predict(X.astype(object)), compiled.predict(X))
    with pytest.raises(quern.UsageError, match="'threshold'"):
        compiled.predict(X, threshold=0.4)


def test_save(model, tmp_path):
    X, _ = multiclass()
    quern.compile(model).save(tmp_path / "model.so", X)
    saved = quern.load(tmp_path / "model.so")
    assert [value.name for value in saved.outputs] == ["label", "decision", "probabilities"]
    label, _, probabilities = saved(X)
    assert np.array_equal(label, model.predict(X)) and np.abs(probabilities - model.predict_proba(X)).max() < 1e-12
    assert "probabilities" in (tmp_path / "model.h").read_text()
    quern.compile(LogisticRegression().fit(*texts())).save(tmp_path / "texts.so", dtypes=np.float32, name="grain",
                                                           methods=["predict"])
    saved = quern.load(tmp_path / "texts.so")
    assert saved.name == "grain" and [str(value) for value in saved.outputs] == ["label: str[rows]"]
    with pytest.raises(quern.UsageError, match="no method"):
        quern.compile(model).save(tmp_path / "model.so", methods=["transform"])
    with pytest.raises(quern.FileError):
        quern.compile(model).save(tmp_path / "no" / "model.so")


def test_saved_library_from_c(model, tmp_path):
    """A program in C with nothing but the header and the library."""
    X, _ = multiclass()
    quern.compile(model).save(tmp_path / "model.so", name="grain", methods=["predict"])
    (tmp_path / "main.c").write_text("""
#include "model.h"
#include <stdio.h>
int main(void) {
  double X[12] = {%s};
  int64_t label[2];
  quern_model *model; const char *message;
  if (quern_model_open(&grain_model_descriptor, 0, &model, &message)) return 1;
  quern_context *context; if (quern_context_create(model, 0, &context)) return 2;
  quern_tensor in = {X, sizeof X, QUERN_F64, 2, {2, 6}}, out = {label, sizeof label, QUERN_I64, 1, {2}};
  if (quern_run(context, &in, 1, &out, 1)) return 3;
  printf("%%d %%d", (int)label[0], (int)label[1]);
  return 0;
}""" % ", ".join(map(repr, map(float, X[:2].ravel()))))
    subprocess.run(["cc", "-o", tmp_path / "main", tmp_path / "main.c", tmp_path / "model.so", f"-Wl,-rpath,{tmp_path}"],
                   check=True)
    done = subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True)
    assert done.stdout == " ".join(map(str, model.predict(X[:2])))


@pytest.mark.parametrize("threads", [1, 2])
def test_many_rows_run_in_blocks(threads):
    """Their intermediate values would not stay in a cache: each row's result is what it is alone."""
    from sklearn.neighbors import KNeighborsClassifier
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 5)), rng.integers(0, 3, 3000)
    compiled = quern.compile(KNeighborsClassifier(3).fit(X, y), threads=threads)
    many = rng.normal(size=(1001, 5))
    want = np.concatenate([compiled.predict(many[i:i + 7]) for i in range(0, len(many), 7)])
    assert np.array_equal(compiled.predict(many), want)
    for row in (0, 500, 1000):
        bad = many.copy()
        bad[row, 2] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            compiled.predict(bad)


def test_functions_of_users_see_all_rows():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures
    X = np.random.default_rng(0).normal(size=(3000, 6))
    model = make_pipeline(FunctionTransformer(_less_the_mean), PolynomialFeatures(4)).fit(X)
    assert np.abs(quern.compile(model).transform(X) - model.transform(X)).max() < 1e-9


def _less_the_mean(X):
    return X - X.mean(axis=0)


def test_frames_of_mixed_columns():
    """Columns by name, in any order, with others beside them; nullable ones."""
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.normal(40, 9, 200), "visits": rng.integers(0, 5, 200), "code": rng.integers(0, 4, 200),
                          "flag": rng.random(200) < 0.5, "unused": rng.normal(size=200)})
    frame.loc[::7, "age"] = np.nan
    y = (frame.visits + frame.flag + rng.normal(size=200) > 2).astype(int)
    model = make_pipeline(make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "visits"]),
        (OneHotEncoder(handle_unknown="ignore"), ["code"]), ("passthrough", ["flag"])), LogisticRegression()).fit(frame, y)
    compiled = quern.compile(model)
    for rows in (frame, frame[["flag", "unused", "code", "visits", "age"]], frame.drop(columns="unused"), frame[:1],
                 frame.astype({"visits": "Int64", "age": "Float64", "flag": "boolean"}), frame.astype({"code": "int8"})):
        assert np.abs(compiled.predict_proba(rows) - model.predict_proba(rows)).max() < 1e-12
    with pytest.raises(quern.InputError, match="columns are missing: {'code'}"):
        compiled.predict(frame.drop(columns="code"))
    unknown = frame.assign(code=77)
    assert np.abs(compiled.predict_proba(unknown) - model.predict_proba(unknown)).max() < 1e-12


def test_refuses_unknown_categories():
    from sklearn.preprocessing import OneHotEncoder
    X = np.random.default_rng(0).integers(0, 4, (50, 2))
    compiled = quern.compile(OneHotEncoder().fit(X))
    with pytest.raises(quern.InputError, match="Found unknown categories in column 1 during transform"):
        compiled.transform(np.array([[1, 9]]))


def test_precision():
    """float32 throughout, where that is asked for."""
    from sklearn.decomposition import PCA
    X, _ = multiclass()
    model = PCA(3).fit(X)
    compiled = quern.compile(model, precision="float32")
    for rows in (X, X.astype(np.float32)):
        got = compiled.transform(rows)
        assert got.dtype == np.float32 and np.abs(got - model.transform(X)).max() < 1e-5
    with pytest.raises(quern.UsageError, match="estimators"):
        quern.compile(b"", precision="float32")


def test_shapes_have_no_meaning(model):
    with pytest.raises(quern.UsageError, match="has no meaning for an estimator: it takes any number of rows"):
        quern.compile(model, shapes={"X": (1, 4)})
