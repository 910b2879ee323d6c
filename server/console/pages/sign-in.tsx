import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { Door } from '../parts/door.jsx';
import { TextField } from '../parts/field.jsx';
import { Loading, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { go, path, secretOfAddress } from '../router.js';
import { loadSession, signIn } from '../session.js';

/** @param hasEnded whether the visitor was signed in a moment ago */
export function SignIn({ hasEnded }: { readonly hasEnded: boolean }) {
  const start = useResource('start', (signal) => get('/start', { signal }));
  const withLink = useAction();
  const isAsking = useSignal(false);
  const hasLink = path.value === 'sign-in' && secretOfAddress !== '';
  useEffect(() => {
    if (hasLink) void withLink.run(() => enter({ token: secretOfAddress }));
  }, []);
  useEffect(() => {
    // Somebody may have signed in meanwhile in another tab.
    const look = (): void => {
      if (document.visibilityState === 'visible') void loadSession();
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  if (hasLink && withLink.error === undefined) {
    return (
      <Door title="Signing in">
        <Loading />
      </Door>
    );
  }
  const problem = withLink.error ?? start.error;
  if (start.value?.needs_owner === true && !isAsking.value) {
    return (
      <Door title="Nobody owns this server yet">
        <Problem error={withLink.error} />
        <p>
          Open the link that Dogear printed when it started. If it is out of sight, the command{' '}
          <code>dogear console</code> on the server's machine prints a new one.
        </p>
        <button type="button" class="quiet" onClick={() => (isAsking.value = true)}>
          I have a name and a password already
        </button>
      </Door>
    );
  }
  return <SignInForm hasEnded={hasEnded} problem={problem} />;
}

interface SignInFormProps {
  readonly hasEnded: boolean;
  readonly problem: { readonly message: string } | undefined;
}

function SignInForm({ hasEnded, problem }: SignInFormProps) {
  const withKey = useSignal(false);
  const name = useSignal('');
  const password = useSignal('');
  const key = useSignal('');
  const action = useAction();
  return (
    <Door title="Sign in" step={String(withKey.value)}>
      {hasEnded ? <p role="status">Your session has ended. Sign in again to go on.</p> : null}
      <Problem error={problem} />
      <Form
        action={action}
        submit={action.isRunning ? 'Signing in…' : 'Sign in'}
        onSubmit={() =>
          enter(
            withKey.value ? { api_key: key.value.trim() } : { name: name.value, password: password.value },
          )
        }
      >
        {withKey.value ? (
          <TextField
            label="API key"
            value={key}
            autoComplete="off"
            autoCapitalize="none"
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
      <button
        type="button"
        class="quiet"
        onClick={() => {
          action.forgetError();
          withKey.value = !withKey.value;
        }}
      >
        {withKey.value ? 'Sign in with a password instead' : 'Sign in with an API key instead'}
      </button>
    </Door>
  );
}

async function enter(body: Parameters<typeof signIn>[0]): Promise<void> {
  await signIn(body);
  if (path.value === 'sign-in') go('', { replace: true });
}
