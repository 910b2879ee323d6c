import { useSignal } from '@preact/signals';
import { get, put, remove, type Reply } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { ConfirmDialog } from '../parts/dialog.jsx';
import { TextField } from '../parts/field.jsx';
import { MoreButton } from '../parts/more-button.jsx';
import { NewPasswordField } from '../parts/new-password-field.jsx';
import { type PagedList, usePagedList } from '../parts/paged-list.js';
import { permissionWords } from '../parts/permission-words.js';
import { Loading, Problem } from '../parts/problem.jsx';
import { Ago } from '../parts/time.jsx';
import { say } from '../parts/toast.jsx';
import { checkSession, signOut, useMe } from '../session.js';

type Session = Reply<'/sessions', 'get'>['items'][number];

const BEGUN_WITH: Readonly<Record<Session['via'], string>> = {
  password: 'with the password',
  'api-key': 'with an API key',
  link: 'with a link from the command line',
};

/** What belongs to whoever looks at it: name, password, and the browsers that are signed in. */
export function Account() {
  const me = useMe();
  const list = usePagedList('sessions', (cursor, signal) => get('/sessions', { query: { cursor }, signal }));
  return (
    <div class="stack narrow">
      <header class="page-head">
        <h1>Your account</h1>
      </header>
      <section class="sheet">
        <dl class="facts">
          <dt>Name</dt>
          <dd>{me.name}</dd>
          <dt>What you may do</dt>
          <dd>{me.owner ? 'Everything: you own this server.' : permissionWords(me.permissions)}</dd>
        </dl>
      </section>
      {/* A new password signs out all other browsers. */}
      <Password onChange={list.reload} />
      <Sessions list={list} />
    </div>
  );
}

function Password({ onChange }: { readonly onChange: () => void }) {
  const me = useMe();
  const current = useSignal('');
  const password = useSignal('');
  const action = useAction();
  return (
    <section class="sheet">
      <h2>{me.has_password ? 'Change your password' : 'Set a password'}</h2>
      {me.has_password ? null : (
        <p>You have none yet. With one you can sign in here without a link or an API key.</p>
      )}
      <Form
        action={action}
        submit={me.has_password ? 'Change the password' : 'Set the password'}
        onSubmit={async () => {
          await put('/me/password', {
            body: {
              current_password: me.has_password ? current.value : null,
              password: password.value,
            },
          });
          current.value = '';
          password.value = '';
          onChange();
          await checkSession();
          say('The password is set.');
        }}
      >
        {/* Password managers want to know whose password it is. */}
        <input type="text" hidden autoComplete="username" value={me.name} readOnly />
        {me.has_password ? (
          <TextField
            label="Current password"
            type="password"
            value={current}
            autoComplete="current-password"
            required
          />
        ) : null}
        <NewPasswordField
          label="New password"
          value={password}
          hint="Other browsers are signed out. Readers that log in with name and password need it too."
        />
      </Form>
    </section>
  );
}

function Sessions({ list }: { readonly list: PagedList<Session> }) {
  const isLeaving = useSignal(false);
  return (
    <section class="stack">
      <h2>Where you are signed in</h2>
      {list.items === undefined ? (
        <Loading unless={list.error} />
      ) : (
        <ul class="stack">
          {list.items.map((session) => (
            <SessionRow key={session.id} session={session} onEnd={list.reload} />
          ))}
        </ul>
      )}
      <MoreButton list={list} />
      <div class="buttons">
        <button type="button" onClick={() => (isLeaving.value = true)}>
          Sign out everywhere
        </button>
      </div>
      {isLeaving.value ? (
        <ConfirmDialog
          title="Sign out everywhere?"
          confirm="Sign out everywhere"
          onConfirm={() => signOut({ everywhere: true })}
          onClose={() => (isLeaving.value = false)}
        >
          <p>All browsers are signed out, this one too. Readers go on syncing.</p>
        </ConfirmDialog>
      ) : null}
    </section>
  );
}

function SessionRow({ session, onEnd }: { readonly session: Session; readonly onEnd: () => void }) {
  const action = useAction();
  const { id, browser, current, via } = session;
  const name = browser ?? 'Unknown browser';
  return (
    <li class="sheet">
      <div class="line middle">
        <div>
          <h3>
            {name} {current ? <span class="tag good">this browser</span> : null}
          </h3>
          <p class="faint small">
            Last used <Ago time={session.last_used_at} />, signed in <Ago time={session.created_at} />{' '}
            {BEGUN_WITH[via]}
          </p>
        </div>
        <button
          type="button"
          aria-label={`Sign out ${name}`}
          aria-disabled={action.isRunning}
          onClick={() =>
            void action.run(async () => {
              if (current) {
                await signOut();
                return;
              }
              await remove('/sessions/{id}', { params: { id } });
              say(`${name} is signed out.`);
              onEnd();
            })
          }
        >
          Sign out
        </button>
      </div>
      <Problem error={action.error} />
    </li>
  );
}
