import { Client, type ClientConfig } from 'pg'
import { isLoginRefusal } from '../../topology/login-refusal.ts'
import { nameOf } from '../address.ts'
import { CliError, EXIT_USAGE } from '../command.ts'
import { serverFailure } from '../demo/problems.ts'
import type { RefusedNode } from './facts.ts'
import { ANSWER_TIMEOUT_MS } from './question.ts'

const CONNECT_TIMEOUT_MS = 5_000

/** One node over two connections: how a second one differs tells of a pooler, and of several servers. */
export interface Reached {
  readonly id: string
  readonly given: 'primary' | 'replica'
  readonly client: Client
  readonly second: Client
}

/** Connects to a node. Rejects with one line when it cannot be reached. */
export async function reach(given: Reached['given'], config: ClientConfig): Promise<Reached | RefusedNode> {
  const id = nameOf(config)
  const client = clientOf(config)
  const second = clientOf(config)
  try {
    await client.connect()
    await second.connect()
    return { id, given, client, second }
  } catch (error) {
    await Promise.all([client.end(), second.end()])
    if (error instanceof Error && isLoginRefusal(error)) return { id, refusal: oneLine(error.message) }
    throw nodeFailure({ id, given }, error)
  }
}

function clientOf(config: ClientConfig): Client {
  const client = new Client({
    ...config,
    application_name: 'pg-switchyard doctor',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  })
  // A server that dies under an idle connection shows in the question that follows.
  client.on('error', () => undefined)
  return client
}

/** Describes in one line why a node cannot be asked. */
export function nodeFailure({ id, given }: Pick<Reached, 'id' | 'given'>, error: unknown): CliError {
  return new CliError(oneLine(serverFailure(`The ${given} ${id}`, error).message), EXIT_USAGE, error)
}

export function primaryRefusal({ id, refusal }: RefusedNode): CliError {
  return new CliError(`The primary ${id} refuses the login: ${refusal}`, EXIT_USAGE)
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, ' ')
}
