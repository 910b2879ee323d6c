import { qrPath } from './qr-path.js';
import './qr-code.css';

/** Text as a QR code, dark on light in both colour schemes, because many scanners read no other. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { side, path } = qrPath(text);
  return (
    <svg
      class="qr"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${String(side)} ${String(side)}`}
      shape-rendering="crispEdges"
    >
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
