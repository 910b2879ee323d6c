import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, post } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { TextField } from '../parts/field.jsx';
import { useResource } from '../parts/resource.js';
import { go, hrefOf, path, secretOfAddress } from '../router.js';
import { loadSession } from '../session.js';

/** @param hasEnded whether the visitor was signed in a moment ago */
export function SignIn({ hasEnded }: { readonly hasEnded: boolean }) {
  const start = useResource('start', (signal) => get('/start', { signal }));
  const withKey = useSignal(false);
  const name = useSignal('');
  const password = useSignal('');
  const key = useSignal('');
  const action = useAction();
  useEffect(() => {
    document.title = 'Sign in · Dogear';
    if (path.value === 'sign-in' && secretOfAddress !== '') {
      void action.run(() => signIn({ token: secretOfAddress }));
    }
  }, []);
  if (start.value?.needs_owner === true) return <NoOwner />;
  return (
    <div class="door">
      <main>
        <Brand />
        <h1>Sign in</h1>
        {hasEnded ? <p role="status">Your session has ended. Sign in again to go on.</p> : null}
        <Form
          action={action}
          submit="Sign in"
          onSubmit={() =>
            signIn(
              withKey.value ? { api_key: key.value.trim() } : { name: name.value, password: password.value },
            )
          }
        >
          {withKey.value ? (
            <TextField
              label="API key"
              value={key}
              autoComplete="off"
              spellcheck={false}
              required
              hint="What stands behind /koreader/ in the address of a reader."
            />
          ) : (
            <>
              <TextField label="Name" value={name} autoComplete="username" autoCapitalize="none" required />
              <TextField
                label="Password"
                type="password"
                value={password}
                autoComplete="current-password"
                required
              />
            </>
          )}
        </Form>
        <button type="button" class="quiet" onClick={() => (withKey.value = !withKey.value)}>
          {withKey.value ? 'Sign in with a password instead' : 'Sign in with an API key instead'}
        </button>
      </main>
    </div>
  );
}

/** No password is known to anybody: the way in is the link that the server printed. */
function NoOwner() {
  return (
    <div class="door">
      <main>
        <Brand />
        <h1>Nobody owns this server yet</h1>
        <p>
          Open the link that Dogear printed when it started. If it is out of sight, the command{' '}
          <code>dogear console</code> on the server's machine prints a new one.
        </p>
      </main>
    </div>
  );
}

export function Brand() {
  return (
    <a class="brand" href={hrefOf('')}>
      <img src={hrefOf('icon.svg')} alt="" />
      Dogear
    </a>
  );
}

async function signIn(body: Parameters<typeof post<'/sessions'>>[1]['body']): Promise<void> {
  await post('/sessions', { body });
  if (path.value === 'sign-in') go('', { replace: true });
  await loadSession();
}
