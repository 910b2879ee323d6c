/** A range that contains the true median with the given probability, for any distribution of the samples. */
export interface MedianInterval {
  readonly low: number;
  readonly high: number;
  /** That probability: at least 0.95 from six samples on, less below. */
  readonly coverage: number;
}

const WANTED_COVERAGE = 0.95;

/** @throws RangeError for an empty list */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Interpolated linearly between the two nearest samples. */
export function quantile(samples: readonly number[], fraction: number): number {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = ascending(samples);
  const place = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** Sample i of one side over sample i of the other. Both come from the same round, so drift cancels out. */
export function pairedRatios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length) throw new RangeError('pairs of unequal length');
  return numerators.map((numerator, round) => numerator / (denominators[round] ?? Number.NaN));
}

/**
 * The narrowest pair of samples, equally far from both ends, between which the median lies with a probability of at
 * least 95 %. The only assumption is that each sample is below the median with probability one half, so the number of
 * samples below it is binomial. With fewer than six samples even the whole range does not reach 95 %; see `coverage`.
 */
export function medianInterval(samples: readonly number[]): MedianInterval {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = ascending(samples);
  let outside = 0;
  let coverage = 1 - 2 * binomialTail(sorted.length, 0);
  for (let next = 1; next < sorted.length / 2; next += 1) {
    const narrower = 1 - 2 * binomialTail(sorted.length, next);
    if (narrower < WANTED_COVERAGE) break;
    outside = next;
    coverage = narrower;
  }
  return {
    low: sorted[outside] ?? Number.NaN,
    high: sorted[sorted.length - 1 - outside] ?? Number.NaN,
    coverage: Math.max(0, coverage),
  };
}

/** Probability of at most `most` heads in `tosses` tosses of a fair coin. */
function binomialTail(tosses: number, most: number): number {
  let probability = 0.5 ** tosses;
  let sum = probability;
  for (let heads = 1; heads <= most; heads += 1) {
    probability *= (tosses - heads + 1) / heads;
    sum += probability;
  }
  return sum;
}

function ascending(samples: readonly number[]): number[] {
  return samples.toSorted((left, right) => left - right);
}
