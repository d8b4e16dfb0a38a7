"""Compiled models in other processes and under many callers: multiprocessing, joblib, Dask, a web server."""
import asyncio
import concurrent.futures
import multiprocessing
import socket
import threading
import time

import httpx
import joblib
import numpy as np
import pytest
import uvicorn
from dask.distributed import Client, LocalCluster
from fastapi import FastAPI

import quern


@quern.jit
def norms(x):
    return np.sqrt((x * x).sum(axis=-1))


def call(function, x):
    return function(x)


def batches(count=8):
    generator = np.random.default_rng(1)
    return [generator.normal(size=(rows, 8)).astype(np.float32) for rows in range(1, count + 1)]


def check(results, expected, inputs):
    for result, x in zip(results, inputs, strict=True):
        np.testing.assert_allclose(result, expected(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("ran_before", [False, True])
def test_multiprocessing(model, expected, method, ran_before):
    inputs = batches()
    if ran_before:      # the pool of threads is up, a forked child has none of them
        check([model(x) for x in inputs], expected, inputs)
    with multiprocessing.get_context(method).Pool(2) as pool:
        check(pool.starmap(call, [(model, x) for x in inputs]), expected, inputs)
        results = pool.starmap(call, [(norms, x) for x in inputs])
    for result, x in zip(results, inputs, strict=True):
        np.testing.assert_allclose(result, np.linalg.norm(x, axis=-1), rtol=1e-5)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_joblib(model, expected, backend):
    inputs = batches()
    check(joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(model)(x) for x in inputs), expected, inputs)


def test_joblib_files(model, expected, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    inputs = batches(2)
    check(map(joblib.load(tmp_path / "model.joblib"), inputs), expected, inputs)


def test_dask(model, expected):
    inputs = batches()
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            check(client.gather(client.map(model, inputs)), expected, inputs)


@pytest.fixture
def server(model):
    """A web application that answers with the model, in a thread."""
    app = FastAPI()

    @app.post("/predict")
    def predict(rows: list[list[float]]):      # no coroutine: the server calls it from many threads at once
        return model(np.asarray(rows, dtype=np.float32)).tolist()

    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/predict"
    running.should_exit = True
    thread.join()


def test_web_server(server, expected):
    """32 clients at once, ten requests each, every one with rows of its own."""
    generator = np.random.default_rng(2)
    inputs = [generator.normal(size=(1 + i % 5, 8)).astype(np.float32) for i in range(320)]

    async def client(share):
        async with httpx.AsyncClient(timeout=60) as session:
            answers = [await session.post(server, json=x.tolist()) for x in share]
            return [np.asarray(answer.raise_for_status().json()) for answer in answers]

    async def clients():
        return await asyncio.gather(*(client(inputs[i::32]) for i in range(32)))

    for i, results in enumerate(asyncio.run(clients())):
        check(results, expected, inputs[i::32])


def test_threads_call_at_the_same_time(model, expected):
    inputs = batches(64)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        check(pool.map(model, inputs), expected, inputs)


def test_calls_release_the_lock():
    """Python goes on in another thread while a model runs."""
    n = 1500
    function = quern.jit(lambda a: a @ a @ a @ a, threads=1)
    a = np.full((n, n), 1 / n)
    function(a)
    counted = []

    def count():
        while not done.is_set():
            counted.append(time.perf_counter())
            time.sleep(0.001)

    done = threading.Event()
    counter = threading.Thread(target=count)
    counter.start()
    start = time.perf_counter()
    function(a)
    end = time.perf_counter()
    done.set()
    counter.join()
    inside = sum(start < moment < end for moment in counted)
    assert inside >= 3, f"{inside} of {len(counted)} ticks came during a call of {1e3 * (end - start):.0f} ms"
