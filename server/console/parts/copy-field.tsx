import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';

interface CopyFieldProps {
  readonly label: string;
  readonly value: string;
}

/**
 * Text that people take elsewhere. It can be selected by hand: on plain HTTP a browser has no clipboard for pages.
 */
export function CopyField({ label, value }: CopyFieldProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const says = useSignal('');
  const copy = (): void => {
    field.current?.select();
    // The older way works on plain HTTP.
    const isCopied = document.execCommand('copy');
    says.value = isCopied ? 'Copied.' : 'Selected. Press Ctrl+C, or hold the text to copy it.';
  };
  return (
    <div class="field copy">
      <label for={id}>{label}</label>
      <div>
        <input
          id={id}
          ref={field}
          type="text"
          readOnly
          value={value}
          onFocus={() => field.current?.select()}
        />
        <button type="button" onClick={copy}>
          Copy
        </button>
      </div>
      <p class="hint" role="status">
        {says.value}
      </p>
    </div>
  );
}
