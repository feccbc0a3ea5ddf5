import type { Client, ClientConfig } from 'pg'
import { probeOptions, unref } from './node-probe.ts'

/**
 * Runs a text over a connection that is opened for it and closed behind it, and never keeps the process alive. Gives the
 * rows of the text's last statement. For what is asked seldom and may take long: a node's probes do not wait for it.
 */
export async function queryOverPassingConnection(
  options: ClientConfig,
  ClientClass: typeof Client,
  connectTimeoutMs: number,
  sql: string,
): Promise<readonly unknown[]> {
  const client = new ClientClass(probeOptions(options, connectTimeoutMs))
  // The statement fails too, and tells whoever asked.
  client.on('error', () => {})
  try {
    const connected = client.connect()
    unref(client)
    await connected
    unref(client)
    const answer: unknown = await client.query(sql)
    const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer
    return (last as { readonly rows: readonly unknown[] }).rows
  } finally {
    client.end().catch(() => {})
  }
}
