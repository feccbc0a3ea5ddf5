import type { ClientConfig } from 'pg'
import { ask, until } from './servers.ts'

/**
 * Changes settings of one server, and waits until it has loaded them: sessions see them from their next statement on. A
 * reload only sends a signal, so that statements right behind it may still run with the old settings. `null` resets a
 * setting. Processes that are no sessions, such as the checkpointer, may take longer.
 */
export async function alterSystem(
  config: ClientConfig,
  settings: Readonly<Record<string, string | number | null>>,
): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    await ask(config, `alter system ${value === null ? `reset ${name}` : `set ${name} = '${value}'`}`)
  }
  await reload(config)
}

/** Reloads the configuration of one server. Resolves when its sessions have it. */
async function reload(config: ClientConfig): Promise<void> {
  // A new session has the time of the last load from the server, which has told the older ones by then.
  const loadedAt = async (): Promise<unknown> =>
    (await ask(config, 'select pg_conf_load_time()::text as at'))[0]?.['at']
  const before = await loadedAt()
  await ask(config, 'select pg_reload_conf()')
  await until('the settings are loaded', async () => (await loadedAt()) !== before)
}
