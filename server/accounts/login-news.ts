/**
 * What the threads of a server tell each other about logins, so that failures count together, whichever thread a
 * connection reached. Each thread keeps all of it: a login is looked up far more often than one fails.
 */
export type LoginNews =
  | { readonly kind: 'failure'; readonly address: string; readonly name: string | undefined }
  | { readonly kind: 'success'; readonly address: string; readonly name: string }
  | { readonly kind: 'registration'; readonly address: string }
  /** Keyed hash of an API key that is wrong. */
  | { readonly kind: 'rejected-key'; readonly hash: string }
  /** Keyed hash of credentials, the stored hash that they were checked against, and the outcome. */
  | {
      readonly kind: 'checked';
      readonly credentials: string;
      readonly storedHash: string;
      readonly matches: boolean;
    };

/** Between the threads of one server. What a thread sends reaches the others a moment later, and not itself. */
export interface LoginChannel {
  send(news: LoginNews): void;
  /** Called once, before anything is sent. */
  listen(receive: (news: LoginNews) => void): void;
}
