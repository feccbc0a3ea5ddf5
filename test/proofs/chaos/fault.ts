import type { Scene } from './scene.ts'
import type { ChaosServer, WorldName } from './world.ts'

/** One kind of fault. */
export interface Fault {
  readonly name: string
  readonly worlds: readonly WorldName[]
  readonly hits: 'any' | 'replica' | 'primary'
  /** No other fault is there meanwhile. */
  readonly isAlone?: true
  /** Takes half a minute, and is left out of short runs. */
  readonly isSlow?: true
  /** Says why it cannot happen on this machine, if so. */
  readonly missing?: () => Promise<string | undefined>
  /** Begins the fault, lets it last, and ends it. */
  run(scene: Scene, server: ChaosServer): Promise<void>
}
