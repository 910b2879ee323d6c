import { signal } from '@preact/signals';
import { ApiError, get, remove, type Reply, whenSignedOut } from './api.js';
import { startLive, stopLive } from './live/live.js';

export type Me = Reply<'/me', 'get'>;
export type Permission = Me['permissions'][number];

export type Session =
  | { readonly state: 'unknown' }
  | { readonly state: 'unreachable'; readonly error: ApiError }
  | { readonly state: 'signed-out'; readonly hasEnded: boolean }
  | { readonly state: 'signed-in'; readonly me: Me };

export const session = signal<Session>({ state: 'unknown' });

whenSignedOut(() => {
  const hasEnded = session.value.state === 'signed-in';
  if (session.value.state === 'signed-out') return;
  stopLive();
  session.value = { state: 'signed-out', hasEnded };
});

/** Finds out who is signed in. */
export async function loadSession(): Promise<void> {
  try {
    const me = await get('/me');
    session.value = { state: 'signed-in', me };
    startLive();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status !== 401) session.value = { state: 'unreachable', error };
  }
}

export async function signOut(): Promise<void> {
  await remove('/sessions/current');
  stopLive();
  session.value = { state: 'signed-out', hasEnded: false };
}

/** The signed-in user. Only pages behind the sign-in use it. */
export function useMe(): Me {
  if (session.value.state !== 'signed-in') throw new Error('nobody is signed in');
  return session.value.me;
}

export function may(me: Me, permission: Permission): boolean {
  return me.permissions.includes(permission);
}
