import { scaleFor, type ScaleKind, type Scale, type Tick } from './scale.js';
import { spread } from './spread.js';

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Least and largest sample, drawn as a thin bar. */
  readonly low?: number;
  readonly high?: number;
}

export interface PlotLine {
  readonly name: string;
  readonly points: readonly PlotPoint[];
}

export interface LinePlot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xScale: ScaleKind;
  readonly yScale: ScaleKind;
  readonly lines: readonly PlotLine[];
  /** A dashed horizontal line, such as a goal. */
  readonly mark?: { readonly y: number; readonly name: string };
  /** Instead of the numbers at the x axis' ticks. */
  readonly xLabels?: ReadonlyMap<number, string>;
}

const WIDTH = 920;
const HEIGHT = 420;
const MARGIN = { top: 52, right: 300, bottom: 58, left: 76 };
const INNER_WIDTH = WIDTH - MARGIN.left - MARGIN.right;
const INNER_HEIGHT = HEIGHT - MARGIN.top - MARGIN.bottom;
/** Least distance between the names at the right. */
const NAME_HEIGHT = 17;
/** Distance of points from the y axis and from the right edge. */
const INSET = 14;

/** Distinct for people who confuse red and green, and on white and black pages. The markers differ in shape too. */
const COLOURS = ['#2f81d6', '#e08a00', '#1a9e77', '#d6568f', '#8a6fd1', '#6f8f2a', '#c4553b', '#5b9bb5'];

/** Draws lines as an SVG document for light and dark pages. The name of each line stands at its end. */
export function drawLinePlot(plot: LinePlot): string {
  const points = plot.lines.flatMap((line) => line.points);
  const x = scaleFor(
    plot.xScale,
    points.map((point) => point.x),
  );
  const y = scaleFor(plot.yScale, [
    ...points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]),
    ...(plot.mark === undefined ? [] : [plot.mark.y]),
  ]);
  const place: Place = {
    x: (value) => MARGIN.left + INSET + x.place(value) * (INNER_WIDTH - 2 * INSET),
    y: (value) => MARGIN.top + (1 - y.place(value)) * INNER_HEIGHT,
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escaped(plot.title)}</title>`,
    STYLE,
    `<text class="title" x="${MARGIN.left}" y="24">${escaped(plot.title)}</text>`,
    ...yAxis(y, place, plot.yTitle),
    ...xAxis(x, place, plot),
    ...(plot.mark === undefined ? [] : markLine(plot.mark, place)),
    ...plot.lines.flatMap((line, index) => drawLine(line, index, place)),
    ...names(plot, place),
    '</svg>\n',
  ].join('\n');
}

interface Place {
  x(this: void, value: number): number;
  y(this: void, value: number): number;
}

// A grey that is readable on white and on black: not every viewer applies `prefers-color-scheme` to pictures.
const STYLE = `<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #6e7781; }
.title { font-size: 16px; font-weight: 600; }
.axis { stroke: #8b949e; stroke-width: 1; }
.grid { stroke: #8b949e; stroke-opacity: 0.25; stroke-width: 1; }
.mark { stroke: #8b949e; stroke-width: 1.5; stroke-dasharray: 6 4; }
@media (prefers-color-scheme: dark) { text { fill: #9ea7b1; } }
</style>`;

function yAxis({ ticks }: Scale, place: Place, title: string): string[] {
  const right = MARGIN.left + INNER_WIDTH;
  return [
    ...ticks.map(({ value, label }) => {
      const at = round(place.y(value));
      return (
        `<line class="grid" x1="${MARGIN.left}" y1="${at}" x2="${right}" y2="${at}"/>` +
        `<text x="${MARGIN.left - 8}" y="${at + 4}" text-anchor="end">${escaped(label)}</text>`
      );
    }),
    `<text x="${MARGIN.left}" y="${MARGIN.top - 10}">${escaped(title)}</text>`,
  ];
}

function xAxis({ ticks }: Scale, place: Place, { xLabels, xTitle }: LinePlot): string[] {
  const bottom = MARGIN.top + INNER_HEIGHT;
  const label = ({ value, label: number }: Tick): string => xLabels?.get(value) ?? number;
  const shown = xLabels === undefined ? ticks : ticks.filter(({ value }) => xLabels.has(value));
  return [
    `<line class="axis" x1="${MARGIN.left}" y1="${bottom}" x2="${MARGIN.left + INNER_WIDTH}" y2="${bottom}"/>`,
    ...shown.map((tick) => {
      const at = round(place.x(tick.value));
      return (
        `<line class="axis" x1="${at}" y1="${bottom}" x2="${at}" y2="${bottom + 5}"/>` +
        `<text x="${at}" y="${bottom + 20}" text-anchor="middle">${escaped(label(tick))}</text>`
      );
    }),
    `<text x="${MARGIN.left + INNER_WIDTH / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escaped(xTitle)}</text>`,
  ];
}

function markLine({ y }: NonNullable<LinePlot['mark']>, place: Place): string[] {
  const at = round(place.y(y));
  return [`<line class="mark" x1="${MARGIN.left}" y1="${at}" x2="${MARGIN.left + INNER_WIDTH}" y2="${at}"/>`];
}

function drawLine({ points }: PlotLine, index: number, place: Place): string[] {
  const colour = colourOf(index);
  const at = points.map((point) => ({
    ...point,
    left: round(place.x(point.x)),
    top: round(place.y(point.y)),
  }));
  const path = at.map(({ left, top }, step) => `${step === 0 ? 'M' : 'L'}${left} ${top}`).join('');
  return [
    ...at.flatMap(({ left, low, high }) =>
      low === undefined || high === undefined || low === high
        ? []
        : [
            `<line stroke="${colour}" stroke-opacity="0.55" stroke-width="1.5" x1="${left}" y1="${round(place.y(low))}" ` +
              `x2="${left}" y2="${round(place.y(high))}"/>`,
          ],
    ),
    ...(at.length < 2 ? [] : [`<path fill="none" stroke="${colour}" stroke-width="2.2" d="${path}"/>`]),
    ...at.map(({ left, top }) => marker(index, left, top)),
  ];
}

/** Circle, square, triangle and diamond in turn, shifted by one when the colours repeat. */
function marker(index: number, left: number, top: number): string {
  const fill = `fill="${colourOf(index)}"`;
  switch ((index + Math.floor(index / COLOURS.length)) % 4) {
    case 0:
      return `<circle ${fill} cx="${left}" cy="${top}" r="4.2"/>`;
    case 1:
      return `<rect ${fill} x="${left - 3.8}" y="${top - 3.8}" width="7.6" height="7.6"/>`;
    case 2:
      return `<path ${fill} d="M${left} ${top - 5}l5 8.6h-10z"/>`;
    default:
      return `<path ${fill} d="M${left} ${top - 5.4}l5 5.4l-5 5.4l-5 -5.4z"/>`;
  }
}

/** The name of each line at the height of its end; names are moved apart where they would overlap. */
function names({ lines, mark }: LinePlot, place: Place): string[] {
  const left = MARGIN.left + INNER_WIDTH + 14;
  const wanted = lines.map(({ name, points }, index) => ({
    name,
    index,
    at: place.y(points.at(-1)?.y ?? 0),
  }));
  const all =
    mark === undefined ? wanted : [...wanted, { name: mark.name, index: undefined, at: place.y(mark.y) }];
  const tops = spread(
    all.map(({ at }) => at),
    NAME_HEIGHT,
    { low: MARGIN.top, high: MARGIN.top + INNER_HEIGHT },
  );
  return all.flatMap(({ name, index }, row) => {
    const top = round(tops[row] ?? 0);
    const sign =
      index === undefined
        ? `<line class="mark" x1="${left - 6}" y1="${top}" x2="${left + 6}" y2="${top}"/>`
        : marker(index, left, top);
    return [sign, `<text x="${left + 12}" y="${top + 4.5}">${escaped(name)}</text>`];
  });
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#888888';
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
