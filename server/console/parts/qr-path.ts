import { encode } from 'uqr';

/** Scanners need four light modules around the code. */
const QUIET = 4;

/** The dark modules of a QR code as the path of an SVG of `side` by `side` units. */
export function qrPath(text: string): { readonly side: number; readonly path: string } {
  const { data, size } = encode(text, { ecc: 'M', border: 0 });
  const path = data
    .flatMap((row, y) =>
      row.map((isDark, x) => (isDark ? `M${String(x + QUIET)} ${String(y + QUIET)}h1v1h-1z` : '')),
    )
    .join('');
  return { side: size + 2 * QUIET, path };
}
