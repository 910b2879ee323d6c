/** The CFI after the `!` of each source offset in the texts of a well-formed chapter, read by the rules of CFIs alone. */
export function cfiByOffset(source: string): ReadonlyMap<number, string> {
  const cfis = new Map<number, string>();
  const open: { path: string; elements: number; units: number }[] = [{ path: '', elements: 0, units: 0 }];
  const tokens =
    /<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>|<!DOCTYPE[^[>]*(?:\[.*?\])?>|<\/[^>]*>|<((?:"[^"]*"|'[^']*'|[^"'>])*)>|([^<]+)/gs;
  let isRoot = true;
  for (const { 0: whole, 1: cdata, 2: tag, 3: text, index } of source.matchAll(tokens)) {
    const top = open.at(-1);
    if (top === undefined) break;
    const isStep = open.length > 1;
    if (cdata !== undefined || text !== undefined) {
      const start = cdata === undefined ? index : index + 9;
      const parts = (cdata ?? text ?? '').matchAll(
        cdata === undefined ? /&#?[A-Za-z0-9]+;|\r\n|[^]/gu : /\r\n|[^]/gu,
      );
      for (const { 0: part, index: at } of parts) {
        const meaning =
          part.length > 2 && part.startsWith('&') ? meaningOf(part) : part === '\r\n' ? '\n' : part;
        for (let unit = 0; unit < meaning.length; unit += 1)
          if (isStep) cfis.set(start + at + unit, `${top.path}/${top.elements * 2 + 1}:${top.units + unit}`);
        top.units += meaning.length;
      }
    } else if (whole.startsWith('</')) open.pop();
    else if (tag !== undefined) {
      top.elements += 1;
      top.units = 0;
      const id = /\sid="([^"]*)"/.exec(tag)?.[1];
      const step = `/${top.elements * 2}${id === undefined ? '' : `[${id}]`}`;
      const path = isRoot ? '' : `${top.path}${step}`;
      isRoot = false;
      if (!tag.endsWith('/')) open.push({ path, elements: 0, units: 0 });
    }
  }
  return cfis;
}

function meaningOf(reference: string): string {
  const number = /^&#(x?)([0-9A-Fa-f]+);$/.exec(reference);
  if (number !== null)
    return String.fromCodePoint(Number.parseInt(number[2] ?? '', number[1] === '' ? 10 : 16));
  return { '&amp;': '&', '&lt;': '<' }[reference] ?? '?';
}
