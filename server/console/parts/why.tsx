import { useSignal } from '@preact/signals';
import { get } from '../api.js';
import { shownText } from './path.js';
import { Pending } from './problem.jsx';
import { useResource } from './resource.js';

interface WhyProps {
  readonly document: string;
  /** The words that open it. */
  readonly asks: string;
}

/** What the server knows of a document, in sentences. It is asked for when somebody opens it. */
export function Why({ document, asks }: WhyProps) {
  const isOpen = useSignal(false);
  return (
    <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary class="small">{asks}</summary>
      {isOpen.value ? <WhySentences document={document} /> : null}
    </details>
  );
}

export function WhySentences({ document }: Pick<WhyProps, 'document'>) {
  const { value, error } = useResource(
    `why ${document}`,
    (signal) => get('/documents/{document}/why', { params: { document }, signal }),
    ['progress', 'libraries'],
  );
  if (value === undefined) return <Pending error={error} />;
  return (
    <ul class="points small">
      {value.sentences.map((sentence) => (
        <li key={sentence}>{shownText(sentence)}</li>
      ))}
    </ul>
  );
}
