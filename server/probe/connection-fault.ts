import { connect } from 'node:tls';
import { errorCode, errorMessage } from '../domain/error-text.js';

/** How long the look for TLS may take, which only makes a sentence better. */
const TLS_LOOK_MS = 2000;

/** Why there is no answer at an address, and what to do, in one sentence. */
export async function connectionFault(error: unknown, url: URL): Promise<string> {
  const code = errorCode(error) ?? '';
  const message = errorMessage(error);
  const isTls = url.protocol === 'https:';
  const place = `${url.hostname}, port ${portOf(url)}`;
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `${place} does not answer within five seconds: a firewall drops the packets, or a proxy waits for a server that is off.`;
  }
  if (code === 'ENOTFOUND') {
    return `There is no machine named ${url.hostname}: look for a typing mistake, or for a name that only your own network knows.`;
  }
  if (code === 'EAI_AGAIN') {
    return `The name ${url.hostname} cannot be looked up, because no name server answers: check the network of this machine.`;
  }
  if (code === 'ECONNREFUSED') {
    return `Nothing listens on ${place}: start Dogear or the proxy, or correct the port.`;
  }
  if (/^(?:EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ENETDOWN)$/.test(code)) {
    return `No way leads to ${url.hostname} (${code}): check the network, and whether the address is still that of the server.`;
  }
  if (code.startsWith('HPE_')) {
    return isTls
      ? `What answers on ${place} does not speak HTTP (${message}).`
      : `What answers on ${place} does not speak HTTP (${message}); if it speaks HTTPS, begin the address with https://.`;
  }
  if (isTls) {
    if (/wrong version number|packet length too long|record layer|http request/i.test(message)) {
      return `${place} speaks HTTP without TLS: begin the address with http://, or give the server a certificate.`;
    }
    return (
      `TLS with ${place} fails (${tlsReason(message)}): KOReader needs TLS 1.2 or 1.3, with a certificate that the server has for ` +
      'this name.'
    );
  }
  if (await speaksTls(url)) {
    return `${place} speaks HTTPS: begin the address with https://.`;
  }
  return `${place} closes the connection without an answer (${message}): it is no HTTP server, or a proxy there is wrong.`;
}

/** What OpenSSL says, without the places in its sources. */
function tlsReason(message: string): string {
  return /SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message;
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}

function speaksTls(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(portOf(url)),
      rejectUnauthorized: false,
      timeout: TLS_LOOK_MS,
    });
    const end = (isTls: boolean) => (): void => {
      socket.destroy();
      resolve(isTls);
    };
    socket.once('secureConnect', end(true));
    for (const event of ['error', 'close', 'timeout']) socket.once(event, end(false));
  });
}
