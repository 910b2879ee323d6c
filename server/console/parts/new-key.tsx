import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { post, type Reply } from '../api.js';
import { may, type Permission, useMe } from '../session.js';
import { Form, useAction } from './action.jsx';
import { CancelButton } from './dialog.jsx';
import { TextField } from './field.jsx';
import { PermissionFields } from './permission-fields.jsx';

export type MadeKey = Reply<'/api-keys', 'post'>;

/** A hundred emoji. The server says so when other characters are too many. */
const NAME_CODE_UNITS = 200;
const DAY_MS = 86_400_000;
const EXPIRIES: readonly (readonly [days: string, words: string])[] = [
  ['', 'Never'],
  ['7', 'In a week'],
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
];

interface NewKeyProps {
  /** The user of the key; `undefined`: the signed-in one. */
  readonly userId: number | undefined;
  readonly onMade: (key: MadeKey) => void;
  readonly onCancel: () => void;
}

/** Makes a key with a choice of the permissions that the signed-in user has. */
export function NewKey({ userId, onMade, onCancel }: NewKeyProps) {
  const me = useMe();
  const name = useSignal('');
  const chosen = useSignal<readonly Permission[]>(
    may(me, 'feature:koreader_sync') ? ['feature:koreader_sync'] : [],
  );
  const days = useSignal('');
  const expiryId = useId();
  const action = useAction();
  return (
    <Form
      action={action}
      submit="Make the key"
      onSubmit={async () => {
        const expires =
          days.value === '' ? null : new Date(Date.now() + Number(days.value) * DAY_MS).toISOString();
        onMade(
          await post('/api-keys', {
            body: { name: name.value, permissions: chosen.value, expires_at: expires, user_id: userId },
          }),
        );
      }}
      buttons={<CancelButton onCancel={onCancel} />}
    >
      <TextField
        label="Name"
        value={name}
        maxLength={NAME_CODE_UNITS}
        autoComplete="off"
        required
        hint="What it is for, such as “Kobo in the kitchen”."
      />
      <PermissionFields label="What the key may do" value={chosen} giver={me} />
      <div class="field">
        <label for={expiryId}>It expires</label>
        <select
          id={expiryId}
          value={days.value}
          onChange={(event) => (days.value = event.currentTarget.value)}
        >
          {EXPIRIES.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </div>
    </Form>
  );
}
