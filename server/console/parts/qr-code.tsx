import { qrModules } from './qr-modules.js';
import './qr-code.css';

/** Scanners need four light modules around the code. */
const QUIET = 4;

/** Text as a QR code, dark on light in both colour schemes, because many scanners read no other. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { side, cells } = qrModules(text);
  const whole = side + 2 * QUIET;
  const dark = Array.from(cells, (cell, at) =>
    cell === 1 ? `M${String((at % side) + QUIET)} ${String(Math.floor(at / side) + QUIET)}h1v1h-1z` : '',
  );
  return (
    <svg
      class="qr"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${String(whole)} ${String(whole)}`}
      shape-rendering="crispEdges"
    >
      <rect width={whole} height={whole} fill="#fff" />
      <path d={dark.join('')} fill="#000" />
    </svg>
  );
}
