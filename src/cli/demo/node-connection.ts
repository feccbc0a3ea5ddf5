import type { Client } from 'pg'
import { withConnection } from './connection.ts'
import { serverFailure } from './problems.ts'
import type { DemoNode } from './servers.ts'

/** Like `withConnection`, but rejects with a sentence that names the server. */
export async function withNode<T>(
  node: DemoNode,
  use: (client: Client) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await withConnection(node.config, use, signal)
  } catch (error) {
    throw signal?.aborted === true ? error : serverFailure(node.title, error)
  }
}
