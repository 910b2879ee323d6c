import { signal } from '@preact/signals';
import { ApiError, get, post, remove, type Reply, whenSignedOut } from './api.js';
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

/**
 * Finds out whether the session still lives and what it permits: another browser may have ended it, or somebody may have
 * changed the permissions. A server that is away changes nothing.
 */
export async function checkSession(): Promise<void> {
  try {
    const me = await get('/me');
    const current = session.value;
    if (current.state !== 'signed-in') return;
    // Another tab has signed in as somebody else.
    if (current.me.user_id !== me.user_id) globalThis.location.reload();
    if (JSON.stringify(current.me) !== JSON.stringify(me)) session.value = { state: 'signed-in', me };
    // Another tab may have ended the stream that all tabs share.
    startLive();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** @throws ApiError */
export async function signIn(body: Parameters<typeof post<'/sessions'>>[1]['body']): Promise<void> {
  await post('/sessions', { body });
  // What was followed until now may have been somebody else's.
  stopLive();
  await loadSession();
}

export async function signOut({ everywhere = false } = {}): Promise<void> {
  await (everywhere ? remove('/sessions') : remove('/sessions/current'));
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
