"""All scripts at once: random operations of consumers that crash, stall and wake up, beside the reference model."""
import os
import random

import pytest

import world

GIVEN = os.environ.get("MILLRACE_SEED")
FRESH = random.randrange(10**9)


@pytest.mark.parametrize("seed,steps", [
    (int(GIVEN or 1), 2000),
    (int(GIVEN or FRESH), 2000),
    pytest.param(int(GIVEN or FRESH + 1), 6000, marks=pytest.mark.slow),
], ids=["known seed", "fresh seed", "long"])
def test_random_operations_agree_with_the_model(store, seed, steps):
    print(f"MILLRACE_SEED={seed}")
    play = world.World(store, seed)
    for step in range(steps):
        operation = play.step()
        if step % 20 == 0:
            try:
                play.compare()
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, step {step}, after {operation}: {error}") from error
    play.drain()
    play.compare()
    print(dict(sorted(play.seen.items())))
    missing = world.MUST_HAPPEN - set(play.seen)
    assert not missing, f"the run never came to {missing}: it proves too little"
