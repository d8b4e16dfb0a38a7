#!/usr/bin/env python3
"""Single calls of NumPy's functions under quern.jit beside NumPy, of many dtypes and three sizes: where the compiled one is behind.

    python bench/numpy_calls.py                                     every call, the ones furthest behind last
    python bench/numpy_calls.py --only 'F.argmax(1)' --sizes 8 1000000 --json

A call is an expression of the arrays of ARRAYS, small letters vectors of n elements, capitals matrices of about n. The two
take turns on one core; a time is the least of its samples, of calls from Python; results are compared first.
"""
import argparse
import math

import timing

# A few of everything: {array: its dtype}; `k` are places in an array of n elements, `m` few and small numbers.
ARRAYS = {"f": "float64", "g": "float64", "s": "float32", "h": "float16", "c": "complex128", "l": "int64", "i": "int32",
          "w": "int16", "u": "uint8", "b": "bool", "k": "int64", "m": "int64"}
RANGES = {"int64": 1e9, "int32": 1e9, "int16": 1e4, "uint8": 256}    # from 0 to below it; others to 1
MATRICES = {"F": "f", "G": "g", "S": "s", "H": "h", "C": "c", "L": "l", "I": "i", "U": "u", "B": "b"}

CALLS = """
f.sum()  s.sum()  h.sum()  l.sum()  i.sum()  u.sum()  b.sum()  c.sum()
F.sum(0)  F.sum(1)  S.sum(0)  I.sum(0)  I.sum(1)  U.sum(0)  U.sum(1)  B.sum(0)  B.sum(1)  H.sum(1)
f.prod()  i.prod()  F.prod(1)
f.max()  s.max()  h.max()  l.max()  i.max()  u.max()  w.min()  F.max(0)  F.max(1)  I.max(1)  U.max(0)  U.max(1)  S.min(1)
f.argmax()  s.argmax()  l.argmax()  i.argmax()  u.argmax()  b.argmax()  F.argmax(0)  F.argmax(1)  S.argmax(1)  L.argmin(1)  I.argmin(1)  U.argmin(1)
b.any()  b.all()  B.any(0)  B.any(1)  B.all(1)  (f>2).any()  np.count_nonzero(b)  np.count_nonzero(f)
f.mean()  s.mean()  u.mean()  F.mean(0)  F.mean(1)  f.var()  S.std(1)  F.std(0)  np.ptp(f)  np.average(f,weights=g)
np.nansum(f)  np.nanmean(f)  np.nanmax(f)  np.nanstd(f)  np.nanmean(F,axis=0)  np.nan_to_num(f)  np.isnan(f)  np.isfinite(s)
f.cumsum()  s.cumsum()  i.cumsum()  F.cumsum(0)  F.cumsum(1)  f.cumprod()  np.maximum.accumulate(f)
np.median(f)  np.percentile(f,[5,95])  np.sort(f)  np.sort(i)  np.sort(u)  np.argsort(f)  np.argsort(s,kind='stable')  np.argsort(i,kind='stable')  np.partition(f,3)[3]
np.unique(m)  np.searchsorted(np.sort(f),g)  np.bincount(m)  np.bincount(m,weights=f)  np.histogram(f,10)[0]  np.digitize(f,np.linspace(0,1,9))
f[k]  s[k]  u[k]  c[k]  F[k[:len(F)]%len(F)]  F[:,k[:9]%len(F)]  np.take(f,k)  np.take(F,k[:9]%len(F),axis=1)  np.take_along_axis(F,L%len(F),axis=1)
f[b]  i[b]  F[f[:len(F)]>0.5]  np.where(b,f,g)  np.where(b,s,0)  np.where(b,u,0)  np.nonzero(b)[0]  np.compress(b,f)  np.where(f>0.5)[0]
np.clip(f,0.2,0.8)  np.clip(u,20,80)  np.round(f,2)  np.rint(s)  np.floor(f)  np.sign(f)  np.abs(i)  np.minimum(f,g)  np.maximum(u,3)
f+g  s*2  i+i  u+u  l*l  w*w  h+h  h*h  c+c  c*c  c/c  np.abs(c)  np.conj(c)  c.real+0  c.imag*2  np.angle(c)  np.exp(c)
i//7  i%7  l//7  l%7  i//(i//3+1)  u//3  u%3  l//(m+1)  l%(m+1)  f//0.3  f%0.3  np.divmod(i,7)[0]  i**2  f**2  f**3  f**1.7  s**0.5  l**3  2.0**f
i&l  i|7  i^3  u&15  ~u  b&~b  b|b  i<<2  i>>2  u>>1  l>>3  f>g  u>100  i==3  b==False
f.astype(np.float32)  s.astype(np.float64)  f.astype(np.int32)  i.astype(np.float64)  u.astype(np.float32)  h.astype(np.float32)  s.astype(np.float16)  b.astype(np.float64)  l.astype(np.int32)
np.sqrt(f)  np.exp(f)  np.exp(s)  np.log(f)  np.sin(f)  np.tanh(s)  np.arctan2(f,g)  np.hypot(f,g)  np.log1p(f)  np.cbrt(f)
np.roll(f,3)  np.roll(F,1,axis=0)  f[::-1]+0  np.flip(F,1)+0  np.rot90(F)+0  np.tile(f,2)  np.repeat(f,2)  np.repeat(u,3)  np.pad(f,3)  np.pad(F,1,mode='edge')
np.tril(F)  np.triu(S)  np.diag(F)+0  np.trace(F)  np.fliplr(U)+0  f[::2]+0  F[:,::2]+0  F[1:-1,1:-1]+0  np.ascontiguousarray(F.T)  np.ascontiguousarray(U.T)  F.T.copy()  S.ravel()+1
np.concatenate([f,g])  np.concatenate([s,s])  np.concatenate([u,u])  np.concatenate([F,G])  np.concatenate([F,G],axis=1)  np.stack([f,g])  np.stack([f,g],axis=1)  np.hstack([F,G])  np.vstack([f,g])  np.column_stack([f,g])  np.split(f,2)[1]+0  np.dstack([F,G])
np.einsum('ij,ij->i',F,G)  np.einsum('ij,j->i',F,F[0])  np.einsum('ii->i',F)+0  np.einsum('ij->j',F)  np.einsum('i,i',f,g)  np.einsum('i,j->ij',f[:len(F)],g[:len(F)])
np.outer(f[:len(F)],g[:len(F)])  np.kron(f[:len(F)],g[:len(F)])  np.dot(f,g)  np.vdot(c,c)  F@f[:len(F)]  S.T@S[:,:2]  F.T@F[:,:2]  np.inner(s,s)  L@L[:,:2]  C@C[0]
np.convolve(f,g[:7])  np.correlate(f,g[:7])  np.interp(f,np.linspace(0,1,50),np.arange(50.0))  np.diff(f)  np.diff(i)  np.diff(F,axis=0)  np.gradient(f)  np.cross(np.stack([f,g,f],1),np.stack([g,g,f],1))  np.trapezoid(f)
np.linalg.norm(f)  np.linalg.norm(F,axis=1)  np.linalg.norm(s)  np.meshgrid(f[:len(F)],g[:len(F)])[0]+0  np.allclose(f,g)  np.array_equal(f,f)  np.dot(s,s)  np.ones_like(f)  np.arange(len(f))*2.0  np.linspace(0,1,len(f))  np.zeros_like(F)  np.full_like(s,2)  np.eye(len(F))  np.isin(m,[1,2,3])  np.logaddexp(f,g)  np.fft.rfft(f)
""".split("\n")
CALLS = [call for line in CALLS for call in line.split("  ") if call]


def arrays_of(n):
    import numpy as np
    random, side, arrays = np.random.default_rng(0), max(math.isqrt(n), 2), {}
    for name, dtype in ARRAYS.items():
        real = random.random(n)
        if dtype == "complex128":
            arrays[name] = real + 1j * random.random(n)
        else:
            arrays[name] = real > 0.5 if dtype == "bool" else (real * RANGES.get(dtype, 1)).astype(dtype)
    arrays["k"] = random.integers(0, n, n)
    arrays["m"] = random.integers(0, 50, n)
    for name, of in MATRICES.items():
        arrays[name] = np.resize(arrays[of], (side, side))
    return arrays


def function_of(call):
    import numpy as np
    names = [name for name in [*ARRAYS, *MATRICES] if name in compile(call, "call", "eval").co_names]
    return eval(f"lambda {', '.join(names)}: {call}", {"np": np}), names


def time_call(call, n, arrays, threads, seconds):
    import numpy as np
    import quern
    function, names = function_of(call)
    args = [arrays[name] for name in names]
    row = {"call": call, "n": n, "quern us": None, "numpy us": None, "ratio": None}
    try:
        compiled = quern.jit(function, threads=threads)
        got, want = compiled(*args), function(*args)
        # Floats of 16 bits are summed in 32 here.
        tolerance = {"float16": 2e-2, "float32": 1e-4}.get(str(np.asarray(want).dtype), 1e-9)
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True)
    except Exception as error:    # noqa: BLE001, a call that is refused is a result
        return row | {"failed": f"{type(error).__name__}: {' '.join(str(error).split())}"[:120]}
    samples = timing.interleave({"quern": lambda: compiled(*args), "numpy": lambda: function(*args)}, seconds)
    ours, theirs = (min(samples[system]) * 1e6 for system in ("quern", "numpy"))
    return row | {"quern us": ours, "numpy us": theirs, "ratio": theirs / ours}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=CALLS, metavar="CALL", help="(default: all)")
    parser.add_argument("--sizes", nargs="+", type=int, default=[8, 1000, 1_000_000], metavar="N")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.05, help="of timing for each call and size (default: 0.05)")
    parser.add_argument("--below", type=float, default=math.inf, help="print calls with a smaller ratio only")
    parser.add_argument("--json", action="store_true", help="one object a line")
    args = parser.parse_args()
    timing.pin(args.threads)
    rows = []
    for n in args.sizes:
        arrays = arrays_of(n)
        for call in args.only:
            rows.append(time_call(call, n, arrays, args.threads, args.seconds))
            timing.progress(call, n, timing.show(rows[-1]["ratio"]), rows[-1].get("failed", ""))
    rows.sort(key=lambda row: -(row["ratio"] or math.inf))
    timing.report([row for row in rows if (row["ratio"] or 0) < args.below], args.json)


if __name__ == "__main__":
    main()
