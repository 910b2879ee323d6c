/** A Markdown table; a column is aligned to the right when its name ends with a colon, which is not printed. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const isRight = columns.map((column) => column.endsWith(':'));
  const names = columns.map((column) => column.replace(/:$/, ''));
  const cells = [names, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = names.map((_, index) => Math.max(3, ...cells.map((row) => charactersOf(row[index] ?? ''))));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, index) => pad(row[index] ?? '', width, isRight[index] === true)).join(' | ')} |`;
  const rule = `| ${widths.map((width, index) => (isRight[index] === true ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  const [head = [], ...body] = cells;
  return [line(head), rule, ...body.map(line)].join('\n');
}

function pad(text: string, width: number, isRight: boolean): string {
  const spaces = ' '.repeat(Math.max(0, width - charactersOf(text)));
  return isRight ? spaces + text : text + spaces;
}

function charactersOf(text: string): number {
  return Array.from(text).length;
}

/** Three significant digits, and thousands apart: 0.0123, 1.73, 45.6, 12,346. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
