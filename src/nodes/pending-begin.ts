/**
 * Progress of a BEGIN whose caller has its answer already.
 *
 * - `asked`: its caller waits for the answer.
 * - `held`: answered, and not sent.
 * - `sent`: on its way, with the first statement or alone.
 * - `begun`: the server has begun the transaction.
 * - `failed`: the server has not. Statements are refused until the transaction is ended, as in any failed one.
 * - `over`: the server's own status tells the rest.
 */
export type BeginState = 'asked' | 'held' | 'sent' | 'begun' | 'failed' | 'over'

/** Allowed moves between states. */
const FOLLOWING: Readonly<Record<BeginState, readonly BeginState[]>> = {
  asked: ['held', 'over'],
  held: ['sent', 'over'],
  sent: ['begun', 'failed'],
  begun: ['over'],
  failed: ['over'],
  over: [],
}

/** A BEGIN that is answered at once and sent with the first statement behind it. */
export class PendingBegin {
  #state: BeginState = 'asked'
  #text: string
  #failure: Error | undefined

  constructor(text: string) {
    this.#text = text
  }

  get state(): BeginState {
    return this.#state
  }

  /** The text to send. */
  get text(): string {
    return this.#text
  }

  /** The server's error of a BEGIN that has failed. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Records that it is answered without being sent. A tool may have added a comment to its text. */
  hold(text: string): void {
    this.#text = text
    this.#become('held')
  }

  sent(): void {
    this.#become('sent')
  }

  /** Records the server's answer. */
  answered(failure: Error | undefined): void {
    this.#failure = failure
    this.#become(failure === undefined ? 'begun' : 'failed')
  }

  /** Records that its transaction has ended, or that the server's status now tells of it. */
  over(): void {
    this.#become('over')
  }

  #become(state: BeginState): void {
    if (FOLLOWING[this.#state].includes(state)) this.#state = state
  }
}
