import type { Signal } from '@preact/signals';
import { TextField } from './field.jsx';

/** Short ones are guessed, in spite of the throttle of wrong logins. */
const LEAST_CHARACTERS = 8;

/** A password that somebody chooses. */
export function NewPasswordField({ value }: { readonly value: Signal<string> }) {
  return (
    <TextField
      label="Password"
      type="password"
      value={value}
      autoComplete="new-password"
      minLength={LEAST_CHARACTERS}
      required
      hint={`At least ${String(LEAST_CHARACTERS)} characters.`}
    />
  );
}
