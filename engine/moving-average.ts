/** The weight of the newest sample. The last four samples together then make up two thirds of the average. */
const NEWEST_WEIGHT = 0.25;

/**
 * An exponential moving average of what storage takes, such as milliseconds for each file. It follows a change within a
 * few samples and is not thrown off by a single slow one. The first sample is taken as it is.
 */
export class MovingAverage {
  #value: number | undefined;

  /** The average of the samples so far, in their unit; `undefined` before the first one. */
  get value(): number | undefined {
    return this.#value;
  }

  add(sample: number): void {
    const before = this.#value ?? sample;
    this.#value = before + (sample - before) * NEWEST_WEIGHT;
  }
}
