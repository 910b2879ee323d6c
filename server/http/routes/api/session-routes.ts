import { z } from 'zod';
import { endAllSessions, endSession } from '../../../accounts/sessions/end-session.js';
import { listSessions } from '../../../accounts/sessions/list-sessions.js';
import type { SessionSummary } from '../../../accounts/sessions/session.js';
import { checkSetup, setUpOwner } from '../../../accounts/sessions/set-up-owner.js';
import {
  type SignIn,
  signInWithApiKey,
  signInWithLink,
  signInWithPassword,
  type StartedSession,
} from '../../../accounts/sessions/start-session.js';
import { DogearError } from '../../../domain/dogear-error.js';
import type { SessionId } from '../../../domain/ids.js';
import {
  id,
  pageQuery,
  sessionIdNumber,
  sessionIdText,
  text,
  time,
  timeOfSeconds,
} from '../../api-fields.js';
import { type ApiRoute, consoleRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, pageSchema, requestSchema } from '../../api-schemas.js';
import { browserName } from '../../browser-name.js';
import type { ConsoleAccess } from '../../console-access.js';
import { nextCursor, pageRequest } from '../../cursor.js';
import type { Management } from '../../management.js';
import type { HttpRequest } from '../../request.js';

const linkToken = text(200);
const session = answerSchema(
  'Session',
  z.strictObject({
    id,
    via: z.enum(['password', 'api-key', 'link']).describe('what it was begun with'),
    browser: z.string().nullable().describe('what the browser calls itself, shortened'),
    current: z.boolean().describe('the session of this request'),
    created_at: time,
    last_used_at: time.describe('to the minute'),
  }),
);
const sessions = pageSchema('SessionPage', session);
const newSession = requestSchema(
  'NewSession',
  z
    .strictObject({
      name: text(200).optional().describe('with a password'),
      password: text(1000).optional(),
      api_key: text(200).optional().describe('the session permits at most what the key permits'),
      token: linkToken.optional().describe('of a link that the server printed; it works once'),
    })
    .transform(({ name, password, api_key: apiKey, token }, context) => {
      const ways = [name ?? password, apiKey, token].filter((way) => way !== undefined);
      if (ways.length === 1) {
        if (name !== undefined && password !== undefined)
          return { kind: 'password', name, password } as const;
        if (apiKey !== undefined) return { kind: 'api-key', apiKey } as const;
        if (token !== undefined) return { kind: 'link', token } as const;
      }
      context.addIssue({
        code: 'custom',
        path: [password === undefined ? 'password' : 'name'],
        message: 'has to be sent: a name and a password, or an API key alone, or a token alone',
      });
      return z.NEVER;
    }),
);
const start = answerSchema(
  'Start',
  z.strictObject({
    needs_owner: z.boolean().describe('no owner can sign in yet'),
    koreader_sync: z.boolean().describe('whether KOReader can sync with this server'),
  }),
);
const setup = requestSchema(
  'Setup',
  z.strictObject({ token: linkToken, name: text(200), password: text(1000) }),
);
const setupCheck = requestSchema('SetupCheck', z.strictObject({ token: linkToken }));
const setupOwner = answerSchema(
  'SetupOwner',
  z.strictObject({
    owner_name: z
      .string()
      .nullable()
      .describe('the owner without a password, who gets the name and the password; null: a new one is made'),
  }),
);

export const sessionRoutes: readonly ApiRoute[] = [
  consoleRoute(
    {
      method: 'GET',
      path: '/start',
      operationId: 'showStart',
      tag: 'sessions',
      summary: 'What the console has to know before anybody has signed in',
      reply: { kind: 'json', status: 200, schema: start, says: 'The state of the server' },
    },
    async ({ accounts, facts }) => ({
      value: { needs_owner: !(await accounts.canOwnerSignIn()), koreader_sync: facts.koreaderSync },
    }),
  ),
  consoleRoute(
    {
      method: 'POST',
      path: '/setup/check',
      operationId: 'checkSetup',
      tag: 'sessions',
      summary: 'Check the token of a setup link, and show whom it makes the owner',
      body: setupCheck,
      reply: { kind: 'json', status: 200, schema: setupOwner, says: 'The token is valid' },
      problems: ['owner-exists', 'link-invalid'],
    },
    async ({ accounts }, { request, body }) => {
      const owner = await checkSetup(accounts, body.token, signInOf(request));
      return { value: { owner_name: owner?.name ?? null } };
    },
  ),
  consoleRoute(
    {
      method: 'POST',
      path: '/setup',
      operationId: 'setUp',
      tag: 'sessions',
      summary: 'Make the first owner who can sign in, and sign in',
      description:
        'With the token of the link that the server prints while no owner can sign in. An owner without a password gets ' +
        'the name and the password, and keeps all API keys.',
      body: setup,
      reply: { kind: 'json', status: 201, schema: session, says: 'The session; its secret is in the cookie' },
      problems: ['owner-exists', 'link-invalid', 'user-invalid', 'user-exists', 'password-invalid'],
    },
    async ({ accounts }, { request, access, body }) =>
      sessionReply(access, request, await setUpOwner(accounts, body, signInOf(request))),
  ),
  consoleRoute(
    {
      method: 'POST',
      path: '/sessions',
      operationId: 'signIn',
      tag: 'sessions',
      summary: 'Sign in: begin a session, whose cookie authenticates requests of this browser',
      description:
        'For pages of the console: the request needs the Origin of this server and "Content-Type: application/json". ' +
        'A session ends after 30 days without use, and when its user gets another password or is disabled.',
      body: newSession,
      reply: { kind: 'json', status: 201, schema: session, says: 'The session; its secret is in the cookie' },
      problems: ['link-invalid'],
    },
    async ({ accounts }, { request, access, body }) =>
      sessionReply(access, request, await startedBy(accounts, body, signInOf(request))),
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/sessions',
      operationId: 'listSessions',
      tag: 'sessions',
      summary: "List the caller's sessions, oldest first",
      description: 'A caller with an API key sees the sessions that were begun with it.',
      access: 'any key',
      query: z.object(pageQuery),
      reply: { kind: 'json', status: 200, schema: sessions, says: 'A page of sessions' },
    },
    async ({ store }, { principal, query }) => {
      const page = await listSessions(store, principal, pageRequest(query, sessionIdNumber));
      const items = page.items.map((each) => sessionJson(each, principal.sessionId));
      return { value: { items, next_cursor: nextCursor(page) } };
    },
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/sessions/current',
      operationId: 'signOut',
      tag: 'sessions',
      summary: 'Sign out: end the session of this request, if it has one',
      access: 'any key',
      reply: { kind: 'empty', says: 'It has ended' },
    },
    async ({ store, accounts, console }, { principal, request }) => {
      // One that was ended elsewhere a moment ago is gone already.
      if (principal.sessionId !== undefined && (await endSession(store, principal, principal.sessionId))) {
        accounts.sessions.invalidateAll();
      }
      return console?.forgetHeaders(request);
    },
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/sessions/{id}',
      operationId: 'endSession',
      tag: 'sessions',
      summary: 'End one session of the caller',
      access: 'any key',
      params: z.object({ id: sessionIdText }),
      reply: { kind: 'empty', says: 'It has ended' },
      problems: ['session-not-found'],
    },
    async ({ store, accounts }, { principal, params }) => {
      if (!(await endSession(store, principal, params.id))) {
        throw new DogearError('session-not-found', `You have no session ${String(params.id)}.`);
      }
      accounts.sessions.invalidateAll();
    },
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/sessions',
      operationId: 'endAllSessions',
      tag: 'sessions',
      summary: 'Sign out everywhere: end all sessions of the caller',
      description: 'A caller with an API key ends the sessions that were begun with it.',
      access: 'any key',
      reply: { kind: 'empty', says: 'They have ended' },
    },
    async ({ store, accounts, console }, { principal, request }) => {
      if (await endAllSessions(store, principal)) accounts.sessions.invalidateAll();
      return console?.forgetHeaders(request);
    },
  ),
];

function startedBy(
  accounts: Management['accounts'],
  body: z.output<typeof newSession>,
  signIn: SignIn,
): Promise<StartedSession> {
  switch (body.kind) {
    case 'password':
      return signInWithPassword(accounts, body, signIn);
    case 'api-key':
      return signInWithApiKey(accounts, body.apiKey, signIn);
    case 'link':
      return signInWithLink(accounts, body.token, signIn);
    default:
      return body satisfies never;
  }
}

function signInOf(request: HttpRequest): SignIn {
  return { clientAddress: request.clientAddress, browser: browserName(request.header('user-agent')) };
}

function sessionReply(
  access: ConsoleAccess,
  request: HttpRequest,
  { session: begun, secret }: StartedSession,
) {
  return { value: sessionJson(begun, begun.id), headers: access.cookieHeaders(request, secret) };
}

function sessionJson(known: SessionSummary, current: SessionId | undefined): z.input<typeof session> {
  return {
    id: known.id,
    via: known.via,
    browser: known.browser ?? null,
    current: known.id === current,
    created_at: timeOfSeconds(known.createdSeconds),
    last_used_at: timeOfSeconds(known.lastUsedSeconds),
  };
}
