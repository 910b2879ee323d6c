import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { post } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { TextField } from '../parts/field.jsx';
import { Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { Loading } from '../parts/virtual-list.jsx';
import { go, secretOfAddress } from '../router.js';
import { loadSession } from '../session.js';
import { Brand } from './sign-in.jsx';

const LEAST_PASSWORD = 8;

/** The first run: whoever has the link that the server printed becomes its owner. */
export function Setup() {
  const token = secretOfAddress;
  const checked = useResource('setup', (signal) => post('/setup/check', { body: { token }, signal }));
  const name = useSignal('');
  const password = useSignal('');
  const action = useAction();
  useEffect(() => {
    document.title = 'Set up · Dogear';
  }, []);
  if (checked.value === undefined) {
    return (
      <div class="door">
        <main>
          <Brand />
          {checked.error === undefined ? (
            <Loading />
          ) : (
            <Problem error={checked.error}>
              <a href="./">To the console</a>
            </Problem>
          )}
        </main>
      </div>
    );
  }
  return (
    <div class="door">
      <main>
        <Brand />
        <h1>Welcome</h1>
        <p>
          Choose the name and the password of the owner, who may do everything here.
          {checked.value.owner_name === null
            ? ''
            : ' The address that Dogear printed for KOReader stays yours.'}
        </p>
        <Form
          action={action}
          submit="Make this server mine"
          onSubmit={async () => {
            await post('/setup', { body: { token, name: name.value, password: password.value } });
            go('', { replace: true });
            await loadSession();
          }}
        >
          <TextField
            label="Name"
            value={name}
            autoComplete="username"
            autoCapitalize="none"
            maxLength={64}
            required
          />
          <TextField
            label="Password"
            type="password"
            value={password}
            autoComplete="new-password"
            minLength={LEAST_PASSWORD}
            required
            hint={`At least ${String(LEAST_PASSWORD)} characters.`}
          />
        </Form>
      </main>
    </div>
  );
}
