"""Saved libraries whose inputs and outputs are strings, called from C."""
import subprocess

import numpy as np
import pandas as pd
import pytest
from cases_strings import COLORS, TEXTS
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import quern
from quern._compiler import find_compiler

# Reads texts, each with its number of bytes before it; writes the label of each, or the error.
PROGRAM = r"""
#include "texts.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  static quern_string texts[100];
  int64_t count = 0;
  for (unsigned size; scanf("%u:", &size) == 1; ++count) {
    char *data = malloc(size);
    if (fread(data, 1, size, stdin) != size)
      return 2;
    texts[count] = (quern_string){data, size};
  }
  quern_model *model;
  quern_context *context;
  const char *why;
  if (quern_model_open(&texts_model_descriptor, NULL, &model, &why) || quern_context_create(model, NULL, &context))
    return 3;
  quern_tensor input = {texts, sizeof(quern_string) * (uint64_t)count, QUERN_STRING, 1, {count}}, output = {0};
  if (quern_run(context, &input, 1, &output, 1)) {
    printf("%s\n", quern_context_error(context));
    return 0;
  }
  for (int64_t i = 0; i < output.dims[0]; ++i) {
    const quern_string *label = (const quern_string *)output.data + i;
    printf("%.*s\n", (int)label->size, label->data);
  }
  quern_context_destroy(context);
  quern_model_close(model);
  return 0;
}
"""


def build(tmp_path, compiler="cc"):
    (tmp_path / "main.c").write_text(PROGRAM)
    subprocess.run([compiler, "-std=c11", "-Wall", "-Werror", tmp_path / "main.c", tmp_path / "texts.so", "-o",
                    tmp_path / "main", f"-Wl,-rpath,{tmp_path}"], check=True)


def run(tmp_path, texts, emulator=()):
    data = b"".join(b"%d:%s" % (len(text), text) for text in texts)
    done = subprocess.run([*emulator, tmp_path / "main"], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("target, compiler, emulator", [
    ("native", "cc", ()), ("aarch64", "aarch64-linux-gnu-gcc", ("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"))])
def test_texts_to_labels(tmp_path, target, compiler, emulator):
    labels = np.array(["λ", "prose", "x"])[np.arange(len(TEXTS)) % 3]
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression(C=100)).fit(TEXTS, labels)
    quern.compile(pipeline).save(tmp_path / "texts.so", name="texts", methods=["predict"], target=target)
    build(tmp_path, compiler)
    assert run(tmp_path, [text.encode() for text in TEXTS], emulator) == pipeline.predict(TEXTS).tolist()
    # Bytes that are no text are one, too.
    assert len(run(tmp_path, [b"\xff\xfe the cat", b"\xce", b""], emulator)) == 3
    if emulator:
        return
    # Only the product with the rows of the weight is there: no matrix of terms.
    ops = [op for kernel in quern.load(tmp_path / "texts.so").manifest["kernels"] for op in kernel["ops"]]
    assert "term_product" in ops and "terms" not in ops


def test_an_unknown_category_is_an_error(tmp_path):
    frame = pd.DataFrame({"color": COLORS})
    pipeline = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(frame, ["a", "b"] * 4)
    quern.compile(pipeline).save(tmp_path / "texts.so", frame, name="texts", methods=["predict"])
    build(tmp_path)
    assert run(tmp_path, [color.encode() for color in COLORS]) == pipeline.predict(frame).tolist()
    (error,) = run(tmp_path, [b"red", b"violet"])
    assert "has a value that the model does not know" in error and "color" in error


def test_labels_that_are_texts_have_no_npy_file(tmp_path):
    X = np.eye(3)
    quern.compile(LogisticRegression().fit(X, ["a", "b", "c"])).save(tmp_path / "labels.so", methods=["predict"])
    done = subprocess.run([find_compiler(), "run", tmp_path / "labels.so", "--input=X=random:2x3", f"--output={tmp_path}"],
                          capture_output=True, text=True)
    assert done.returncode == 4 and "an array of str cannot be written as .npy" in done.stderr
