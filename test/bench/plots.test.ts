import { parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import { drawLinePlot, type LinePlot } from '../../bench/plots/line-plot.js';
import { compactNumber, niceStep, scaleFor } from '../../bench/plots/scale.js';
import { spread } from '../../bench/plots/spread.js';

describe('scaleFor', () => {
  it('begins a linear axis at zero and ends it at a round number above', () => {
    const { ticks, place } = scaleFor('linear', [120, 870]);
    expect(ticks.map(({ label }) => label)).toEqual(['0', '200', '400', '600', '800', '1k']);
    expect(place(0)).toBe(0);
    expect(place(1000)).toBeCloseTo(1);
  });

  it('sets doublings equally far apart', () => {
    const { place } = scaleFor('doubling', [1, 2, 4, 32]);
    expect([1, 2, 4, 32].map(place)).toEqual([0, 0.2, 0.4, 1]);
  });

  it('sets 90, 99 and 99.9 equally far apart', () => {
    const { place } = scaleFor('nines', [90, 99, 99.9]);
    expect(place(99)).toBeCloseTo(0.5);
  });

  it('goes from the 1, 2 or 5 below to the one above on a tenfold axis', () => {
    const { ticks } = scaleFor('tenfold', [3, 45]);
    expect(ticks.map(({ label }) => label)).toEqual(['2', '5', '10', '20', '50']);
    expect(scaleFor('tenfold', [0.3, 45_000]).ticks.map(({ value }) => value)).toEqual([
      1, 10, 100, 1000, 10_000,
    ]);
  });

  it('puts a single value in the middle', () => {
    expect(scaleFor('doubling', [8]).place(8)).toBe(0.5);
  });
});

it.each([
  [0.013, 0.02],
  [1, 1],
  [3, 5],
  [70, 100],
])('niceStep of %d is %d', (atLeast, step) => {
  expect(niceStep(atLeast)).toBeCloseTo(step, 10);
});

it.each([
  [0.5, '0.5'],
  [1500, '1.5k'],
  [200_000, '200k'],
  [3_000_000, '3M'],
])('compactNumber of %d is %s', (value, text) => {
  expect(compactNumber(value)).toBe(text);
});

describe('spread', () => {
  const bounds = { low: 0, high: 100 };

  it('leaves alone what is far enough apart', () => {
    expect(spread([80, 10, 40], 10, bounds)).toEqual([80, 10, 40]);
  });

  it('moves neighbours apart evenly, in the order in which they were', () => {
    expect(spread([50, 50], 10, bounds)).toEqual([45, 55]);
    expect(spread([52, 50, 48], 10, bounds)).toEqual([60, 50, 40]);
  });

  it('stays within the bounds', () => {
    expect(spread([100, 99], 10, bounds)).toEqual([100, 90]);
    expect(spread([0, 1, 2], 10, bounds)).toEqual([0, 10, 20]);
  });
});

describe('drawLinePlot', () => {
  const plot: LinePlot = {
    title: 'Speed <by> threads',
    xTitle: 'threads',
    yTitle: 'files/s',
    xScale: 'doubling',
    yScale: 'linear',
    lines: [
      {
        name: 'engine',
        points: [
          { x: 1, y: 50, low: 40, high: 60 },
          { x: 2, y: 90 },
        ],
      },
      { name: 'yardstick & co', points: [{ x: 1, y: 30 }] },
    ],
    mark: { y: 80, name: 'goal' },
  };

  it('draws axes with units, ticks, lines, points and names', () => {
    const svg = drawLinePlot(plot);
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    expect(texts).toEqual(
      expect.arrayContaining(['Speed &lt;by&gt; threads', 'threads', 'files/s', '1', '2', '0', '100']),
    );
    expect(texts).toEqual(expect.arrayContaining(['engine', 'yardstick &amp; co', 'goal']));
    expect(svg.match(/<path fill="none"/g)).toHaveLength(1);
    expect(svg).not.toContain('NaN');
    expect(parse(svg).childNodes.length).toBeGreaterThan(0);
  });

  it('draws more for a larger value further up', () => {
    const tops = [...drawLinePlot(plot).matchAll(/<circle [^>]*cy="([\d.]+)"/g)].map(([, top]) =>
      Number(top),
    );
    expect(tops[1]).toBeLessThan(tops[0] ?? 0);
  });
});
