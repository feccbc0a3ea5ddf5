import type { ResolvedOptions } from '../config/resolved-options.ts'
import { Judgement } from './judgement.ts'
import { tellOfCatalog, type Tell } from '../observability/tell.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform } from '../platform/platform.ts'
import { SharedCatalogs, type CatalogUser } from './shared-catalogs.ts'

export interface JudgementParts {
  readonly resolved: ResolvedOptions
  readonly platform: Platform
  readonly connect: Connect
  readonly tell: Tell
  readonly primary: CatalogUser['primary']
  readonly schemaChanged: CatalogUser['schemaChanged']
}

const CONNECT_TIMEOUT_FACTOR = 5

/** The catalogs of this process, by platform. */
const shared = new WeakMap<Platform, SharedCatalogs>()

/** Creates the judgement of one pool, with a catalog that it shares with other pools of this process. */
export function judgementOf({
  resolved,
  platform,
  connect,
  tell,
  primary,
  schemaChanged,
}: JudgementParts): Judgement {
  const { declared, parser, probeTimeoutMs } = resolved
  const user: CatalogUser = {
    connect,
    parser,
    declared,
    // It is loaded while a program starts, which may block the event loop for seconds, so the timeout is long.
    connectTimeoutMs: CONNECT_TIMEOUT_FACTOR * probeTimeoutMs,
    primary,
    schemaChanged,
    onEvent: (event) => tellOfCatalog(tell, event),
  }
  return new Judgement({ resolved, platform, catalogs: catalogsOn(platform), user })
}

function catalogsOn(platform: Platform): SharedCatalogs {
  let catalogs = shared.get(platform)
  if (catalogs === undefined) shared.set(platform, (catalogs = new SharedCatalogs(platform)))
  return catalogs
}
