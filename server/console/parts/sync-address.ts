import { BASE } from '../base-path.js';

/** What stands in KOReader's field "Custom sync server". Without `server.public_url` it is what led this browser here. */
export function syncAddress(publicUrl: string | null, key: string): string {
  const server = publicUrl ?? `${globalThis.location.origin}${BASE}`;
  return `${server.replace(/\/+$/, '')}/koreader/${key}`;
}

/** Whether an address leads to the reader itself instead of this server when it is typed there. */
export function isOnlyHere(address: string): boolean {
  const { hostname } = new URL(address);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
