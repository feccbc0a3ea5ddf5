import { describe, expect, it } from 'vitest'
import { down, observed, up } from '../../test/support/views.ts'
import { NOTHING_REMEMBERED, remember, type KnownNode, type Memory } from './memory.ts'
import { PENDING } from './node.ts'

/** Nodes in configured order: what each told (`7000`, or `7000@3` on timeline 3), `?` pending, `!7000` down since. */
function nodesOf(text: string): readonly KnownNode[] {
  return text.split(' ').map((word, index): KnownNode => {
    const [name = '', timeline] = word.replace('!', '').split('@')
    const isKnown = name !== '?' && name !== ''
    const known = { id: `n${index}`, weight: 1, toldSystemIdentifier: isKnown ? name : undefined }
    if (word === '?') return { ...known, state: PENDING }
    if (word.startsWith('!')) return { ...known, state: down() }
    const given = { systemIdentifier: name, ...(timeline ? { timeline: Number(timeline) } : {}) }
    return { ...known, state: up(observed('replica', '0/1000', given)) }
  })
}

function after(...looks: readonly string[]): Memory {
  let memory = NOTHING_REMEMBERED
  for (const look of looks) memory = remember(memory, nodesOf(look))
  return memory
}

describe('the cluster that nodes are held to', () => {
  it.each<[string, readonly string[], string | undefined, boolean]>([
    ['nobody has answered', ['? ! ?'], undefined, false],
    ['nobody answers at all', ['! ! !'], undefined, false],
    ['for the time being, that of who answered', ['? 7000 ?'], '7000', false],
    ['for good, when everybody had the chance', ['! 7000 7000'], '7000', true],
    ['the first in configured order counts', ['7000 9999 9999'], '7000', true],
    ['a dispute while an earlier node is silent: undecided', ['? 9999 7000'], undefined, false],
    ['a dispute while an earlier node is down: undecided', ['! 9999 7000'], undefined, false],
    ['a dispute that the earlier node settles', ['! 9999 7000', '7000 9999 7000'], '7000', true],
    ['what was told counts when its node is down', ['7000 ? 9999', '!7000 9999 9999'], '7000', true],
    ['a dispute after it was settled', ['! 7000 7000', '9999 7000 7000'], '7000', true],
    ['a stranger that answered first names nobody for good', ['! 9999 ?', '! 9999 7000'], undefined, false],
    ['a server that does not tell is no stranger', ['0 7000 7000'], '7000', true],
    ['nobody tells', ['0 0 0'], '0', false],
    ['nobody told, and then somebody does', ['0 0 0', '0 7000 7000'], '7000', true],
    ['a dispute that ends with the stranger', ['! 9999 7000', '! 7000 7000'], '7000', true],
  ])('%s', (_name, looks, systemIdentifier, isHeld) => {
    expect(after(...looks)).toMatchObject({ isHeld })
    expect(after(...looks).systemIdentifier).toBe(systemIdentifier)
  })
})

describe('the newest timeline', () => {
  it.each<[string, readonly string[], number | undefined]>([
    ['of nobody', ['7000 7000'], undefined],
    ['of any node', ['7000@1 7000@3 7000@2'], 3],
    ['of a node that has gone', ['7000@1 7000@3', '7000@1 !7000'], 3],
    ['of a node that has gone back', ['7000@3 7000', '7000@1 7000'], 3],
    ['not of a stranger', ['7000@1 9999@8'], 1],
    ['not of a cluster that was named too early', ['? 9999@8', '7000@1 9999@8'], 1],
  ])('%s', (_name, looks, timeline) => {
    expect(after(...looks).newestTimeline).toBe(timeline)
  })
})
