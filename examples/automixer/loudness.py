"""Integrated loudness after ITU-R BS.1770-5 (November 2023), annex 1: K-weighted, gated, in LUFS."""

import math

import numpy as np
from numpy.typing import NDArray

HOP_S = 0.1  # a gating block is 400 ms and overlaps the next by 75 %
HOPS_PER_BLOCK = 4
HOPS_AT_ONCE = 100
SILENCE_LUFS = -70.0  # the absolute gate
RELATIVE_GATE_LU = -10.0


def integrated_loudness(samples: NDArray[np.float32], rate: int) -> float:
    """Loudness of stereo samples (frames, 2) in LUFS; -inf for silence and for less than 400 ms."""
    power = _weighted_power(samples, rate)
    if len(power) < HOPS_PER_BLOCK:
        return -math.inf
    blocks = np.convolve(power, np.ones(HOPS_PER_BLOCK) / HOPS_PER_BLOCK, "valid")
    blocks = blocks[blocks > _power(SILENCE_LUFS)]
    if not len(blocks):
        return -math.inf
    blocks = blocks[blocks > blocks.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return _lufs(float(blocks.mean()))


def _weighted_power(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """The K-weighted power of every whole 100 ms, channels added up, taken from the spectrum (Parseval)."""
    hop = round(HOP_S * rate)
    weights = _k_weighting(np.arange(hop // 2 + 1) / HOP_S, rate) * (2.0 / hop**2)
    hops = samples[: len(samples) // hop * hop].reshape(-1, hop, 2)
    power = np.empty(len(hops))
    for start in range(0, len(hops), HOPS_AT_ONCE):
        spectrum = np.fft.rfft(hops[start : start + HOPS_AT_ONCE], axis=1)
        energy = (spectrum.real**2 + spectrum.imag**2).sum(axis=2)
        power[start : start + HOPS_AT_ONCE] = energy @ weights
    return power


def _k_weighting(frequencies: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """The squared magnitude of the two filters of the standard, which gives their coefficients for 48 kHz;
    for other rates they are derived as in libebur128."""
    z = np.exp(-2j * np.pi * frequencies / rate)
    k, q, high = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    shelf = _second_order(z, high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k)
    shelf /= _second_order(z, 1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    gain = 1 + k / q + k * k
    high_pass = gain * (1 - z) ** 2 / _second_order(z, gain, 2 * (k * k - 1), 1 - k / q + k * k)
    return np.asarray(np.abs(shelf * high_pass) ** 2, np.float64)


def _second_order(z: NDArray[np.complex128], b0: float, b1: float, b2: float) -> NDArray[np.complex128]:
    return b0 + b1 * z + b2 * z * z


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))
