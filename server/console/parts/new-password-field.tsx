import type { Signal } from '@preact/signals';
import { TextField } from './field.jsx';

/** Short ones are guessed, in spite of the throttle of wrong logins. */
const LEAST_CHARACTERS = 8;

interface NewPasswordFieldProps {
  readonly value: Signal<string>;
  readonly label?: string;
  readonly required?: boolean;
  /** A sentence after that about the length. */
  readonly hint?: string;
}

/** A password that somebody chooses. */
export function NewPasswordField({
  value,
  label = 'Password',
  required = true,
  hint,
}: NewPasswordFieldProps) {
  return (
    <TextField
      label={label}
      type="password"
      value={value}
      autoComplete="new-password"
      minLength={LEAST_CHARACTERS}
      required={required}
      hint={[`At least ${String(LEAST_CHARACTERS)} characters.`, hint].join(' ').trim()}
    />
  );
}
