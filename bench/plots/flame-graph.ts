import type { FlameNode } from '../sync/cpu-profile.js';
import { escaped } from './line-plot.js';

const WIDTH = 1200;
const ROW_HEIGHT = 18;
const TOP = 40;
/** Narrower bars are not drawn: they cannot be read and make the file large. */
const LEAST_WIDTH = 2;
const MOST_ROWS = 40;
/** Width of a character of a label. A bar with room for fewer than three has no label. */
const CHARACTER_WIDTH = 6.4;

/** The first pattern that matches the file of a function decides. */
const COLOURS: readonly (readonly [RegExp, string])[] = [
  [/^server\/http\//, '#7fb2e5'],
  [/^server\/(?:accounts|domain)\//, '#8fce9f'],
  [/^server\/database\//, '#e5a07f'],
  [/^server\//, '#f0c36d'],
  [/^node_modules\//, '#d9a6c8'],
];
const OTHER_COLOUR = '#c3c8ce';

/** Draws a call tree from the top down. The width of a bar is the share of time that the function and its callees took. */
export function drawFlameGraph(root: FlameNode, title: string): string {
  const bars: string[] = [];
  let deepest = 0;
  const draw = (node: FlameNode, left: number, row: number): void => {
    const width = (node.seconds / root.seconds) * WIDTH;
    if (width < LEAST_WIDTH || row >= MOST_ROWS) return;
    deepest = Math.max(deepest, row);
    bars.push(bar(node, root.seconds, left, TOP + row * ROW_HEIGHT, width));
    let at = left;
    for (const child of node.children) {
      draw(child, at, row + 1);
      at += (child.seconds / root.seconds) * WIDTH;
    }
  };
  draw(root, 0, 0);
  const height = TOP + (deepest + 1) * ROW_HEIGHT + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<style>text{font:11px system-ui,"DejaVu Sans",sans-serif;fill:#1f2328}.t{font-size:15px;font-weight:600;fill:#6e7781}</style>',
    `<text class="t" x="4" y="20">${escaped(title)}</text>`,
    ...bars,
    '</svg>\n',
  ].join('\n');
}

function bar(
  { name, file, seconds }: FlameNode,
  total: number,
  left: number,
  top: number,
  width: number,
): string {
  const colour = COLOURS.find(([pattern]) => pattern.test(file))?.[1] ?? OTHER_COLOUR;
  const share = `${((seconds / total) * 100).toFixed(1)} %`;
  const full = `${name}${file === '' ? '' : ` (${file})`}`;
  const room = Math.floor((width - 6) / CHARACTER_WIDTH);
  const label = room < 3 ? '' : name.length <= room ? name : `${name.slice(0, room - 1)}…`;
  const text =
    label === '' ? '' : `<text x="${(left + 3).toFixed(1)}" y="${top + 12.5}">${escaped(label)}</text>`;
  return (
    `<g><title>${escaped(`${full}: ${share}`)}</title><rect x="${left.toFixed(1)}" y="${top}" ` +
    `width="${Math.max(0.5, width - 0.6).toFixed(1)}" height="${ROW_HEIGHT - 1}" fill="${colour}"/>${text}</g>`
  );
}
