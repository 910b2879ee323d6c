import { median, medianInterval, pairedRatios } from '../statistics.js';

export interface FigureVerdict {
  readonly state: 'lost' | 'gained' | 'even';
  /** Median of the candidate's speed over the base's; above 1 is faster. */
  readonly ratio: number;
  /** Where the median lies with at least 95 % probability. */
  readonly low: number;
  readonly high: number;
}

/** Smaller losses are ignored: moving a file changes figures by as much. */
const TOLERATED_LOSS = 0.05;

/**
 * `lost` when the loss is more than 5 % even at the favourable end of the range, so that noise alone does not fail a
 * comparison; `gained` likewise.
 *
 * @param base, candidate rates by pair, such as files a second
 */
export function judgeFigure(base: readonly number[], candidate: readonly number[]): FigureVerdict {
  const ratios = pairedRatios(candidate, base);
  const { low, high } = medianInterval(ratios);
  const state = high < 1 - TOLERATED_LOSS ? 'lost' : low > 1 + TOLERATED_LOSS ? 'gained' : 'even';
  return { state, ratio: median(ratios), low, high };
}
