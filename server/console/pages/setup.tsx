import { useSignal } from '@preact/signals';
import { post } from '../api.js';
import { Form, useAction } from '../parts/action.jsx';
import { Door } from '../parts/door.jsx';
import { TextField } from '../parts/field.jsx';
import { NewPasswordField } from '../parts/new-password-field.jsx';
import { Loading, Problem } from '../parts/problem.jsx';
import { useResource } from '../parts/resource.js';
import { go, hrefOf, secretOfAddress } from '../router.js';
import { loadSession } from '../session.js';

/** The first run: whoever has the link that the server printed becomes its owner. */
export function Setup() {
  return secretOfAddress === '' ? <NoToken /> : <Claim token={secretOfAddress} />;
}

/** The page was reloaded, or its address was copied. The server is not asked: it would count that as a failed login. */
function NoToken() {
  return (
    <Door title="Welcome">
      <p>
        The secret of the link is not in this address: the page takes it out, so that nobody finds it there.
        Open the whole link again. It stays valid until somebody has used it, for 24 hours.
      </p>
      <a href={hrefOf('')}>To the console</a>
    </Door>
  );
}

function Claim({ token }: { readonly token: string }) {
  const checked = useResource('setup', (signal) => post('/setup/check', { body: { token }, signal }));
  const name = useSignal('');
  const password = useSignal('');
  const action = useAction();
  if (checked.value === undefined) {
    return (
      <Door title="Welcome">
        {checked.error === undefined ? (
          <Loading />
        ) : (
          <Problem error={checked.error}>
            <a href={hrefOf('')}>To the console</a>
          </Problem>
        )}
      </Door>
    );
  }
  return (
    <Door title="Welcome" step="asked">
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
          await loadSession();
          go('', { replace: true });
        }}
      >
        <TextField label="Name" value={name} autoComplete="username" autoCapitalize="none" required />
        <NewPasswordField value={password} />
      </Form>
    </Door>
  );
}
