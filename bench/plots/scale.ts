/** Maps values of one axis to places between 0 (its start) and 1 (its end), and says where ticks belong. */
export interface Scale {
  readonly ticks: readonly Tick[];
  place(this: void, value: number): number;
}

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export type ScaleKind =
  | 'linear'
  /** Doubling: threads, connections. A tick at every power of two that carries a value. */
  | 'doubling'
  /** Tenfold, with ticks at 1, 2 and 5 where there is room. */
  | 'tenfold'
  /** Whole numbers: 1, 2, 3 … */
  | 'steps'
  /** Percentiles: 90, 99 and 99.9 are equally far apart. */
  | 'nines';

/** With more ticks their labels would overlap. */
const MOST_TICKS = 8;

/** @param values all values of the axis; not empty */
export function scaleFor(kind: ScaleKind, values: readonly number[]): Scale {
  const low = Math.min(...values);
  const high = Math.max(...values);
  switch (kind) {
    case 'linear':
      return linear(high);
    case 'doubling':
      return transformed(Math.log2, low, high, thinned([...new Set(values)].toSorted((a, b) => a - b)));
    case 'steps':
      return transformed((value) => value, low, high, [...new Set(values)]);
    case 'tenfold':
      return tenfold(low, high);
    case 'nines':
      return transformed(
        nines,
        low,
        high,
        [...new Set(values)].toSorted((a, b) => a - b),
      );
    default:
      return kind satisfies never;
  }
}

/** From zero, so that heights can be compared, to the tick above the largest value. */
function linear(high: number): Scale {
  const step = niceStep(Math.max(high, Number.MIN_VALUE) / (MOST_TICKS - 2));
  const end = Math.ceil(high / step - 1e-9) * step;
  const count = Math.round(end / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
  return { ticks: ticks.map(tickAt), place: (value) => value / end };
}

/** 1, 2 or 5 times a power of ten, at least `atLeast`. */
export function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= atLeast * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** From the 1, 2 or 5 below the least value to the one above the largest. */
function tenfold(low: number, high: number): Scale {
  const candidates: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const factor of [1, 2, 5]) candidates.push(Number(`${factor}e${power}`));
  }
  const start = candidates.findLast((candidate) => candidate <= low) ?? low;
  const above = candidates.find((candidate) => candidate >= high) ?? high;
  const end = above > start ? above : start * 10;
  const inside = candidates.filter((candidate) => candidate >= start && candidate <= end);
  const ticks =
    inside.length <= MOST_TICKS ? inside : inside.filter((tick) => /^1(e|0*$)|^0\.0*1$/.test(String(tick)));
  return transformed(Math.log10, start, end, ticks);
}

function transformed(
  transform: (value: number) => number,
  low: number,
  high: number,
  ticks: readonly number[],
): Scale {
  const start = transform(low);
  const span = transform(high) - start;
  return {
    ticks: ticks.map(tickAt),
    // A single value stands in the middle.
    place: (value) => (span === 0 ? 0.5 : (transform(value) - start) / span),
  };
}

function nines(percentile: number): number {
  return -Math.log10(1 - Math.min(percentile, 99.999) / 100);
}

function thinned(values: readonly number[]): readonly number[] {
  const every = Math.ceil(values.length / MOST_TICKS);
  return values.filter((_, index) => index % every === 0);
}

function tickAt(value: number): Tick {
  return { value, label: compactNumber(value) };
}

/** 0.5, 20, 1.5k, 200k, 3M. */
export function compactNumber(value: number): string {
  if (Math.abs(value) >= 1e6) return `${rounded(value / 1e6)}M`;
  if (Math.abs(value) >= 1e3) return `${rounded(value / 1e3)}k`;
  return rounded(value);
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
