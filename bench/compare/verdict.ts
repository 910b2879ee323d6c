import { median, medianInterval, pairedRatios } from '../statistics.js';

export interface FigureVerdict {
  readonly state: 'lost' | 'gained' | 'even';
  /** Median of the candidate's speed over the base's; above 1 is faster. */
  readonly ratio: number;
  /** Where the median lies with at least 95 % probability. */
  readonly low: number;
  readonly high: number;
}

/** A loss smaller than this is nobody's business; noise of that size comes with moving a file. */
const TOLERATED_LOSS = 0.05;

/**
 * Lost is only what lost more than 5 % even at the favourable end of the range, so that noise alone does not fail a
 * comparison; gained the same the other way round.
 *
 * @param base, candidate files a second, or the like, by pair
 */
export function judgeFigure(base: readonly number[], candidate: readonly number[]): FigureVerdict {
  const ratios = pairedRatios(candidate, base);
  const { low, high } = medianInterval(ratios);
  const state = high < 1 - TOLERATED_LOSS ? 'lost' : low > 1 + TOLERATED_LOSS ? 'gained' : 'even';
  return { state, ratio: median(ratios), low, high };
}
