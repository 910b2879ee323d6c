import { networkInterfaces } from 'node:os';
import type { Configuration } from '../../config/schema.js';

/** Where readers find the server: what is configured, or this machine's own address in the local network. */
export function serverAddress({ server }: Configuration, port: number): string {
  if (server.public_url !== undefined) return server.public_url.replace(/\/$/, '');
  const scheme = server.tls.certificate === undefined ? 'http' : 'https';
  const path = server.base_url === '/' ? '' : server.base_url;
  return `${scheme}://${hostFor(server.host)}:${String(port)}${path}`;
}

function hostFor(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host.includes(':') ? `[${host}]` : host;
  const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  const own = addresses.find((address) => address.family === 'IPv4' && !address.internal);
  return own?.address ?? '127.0.0.1';
}
