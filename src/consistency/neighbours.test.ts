import { describe, expect, it } from 'vitest'
import { Neighbours, type Neighbour } from './neighbours.ts'

class Watcher implements Neighbour {
  readonly systemIdentifier: string | undefined
  readonly mayBeUnflushed: boolean = false
  heard = 0

  constructor(systemIdentifier: string | undefined) {
    this.systemIdentifier = systemIdentifier
  }

  heardOfWrite(): void {
    this.heard += 1
  }

  heardOfSynchronization(): void {
    this.heard += 1
  }
}

describe('Neighbours', () => {
  it.each<[string, string | undefined, string | undefined, number]>([
    ['of one cluster hear of each other', '7000', '7000', 1],
    ['of different clusters do not', '7000', '7001', 0],
    ['hear also while the listener does not know its cluster', '7000', undefined, 1],
    ['hear also while the writer does not know its cluster', undefined, '7000', 1],
  ])('%s', (_name, mine, theirs, heard) => {
    const neighbours = new Neighbours()
    const [writer, listener] = [new Watcher(mine), new Watcher(theirs)]
    neighbours.join(writer)
    neighbours.join(listener)
    neighbours.wrote(writer, ['users'])
    expect([writer.heard, listener.heard]).toEqual([0, heard])
    neighbours.synchronized(writer)
    expect([writer.heard, listener.heard]).toEqual([0, 2 * heard])
  })

  it('hear nothing before they have come and after they have left', () => {
    const neighbours = new Neighbours()
    const [writer, late, gone] = [new Watcher('7000'), new Watcher('7000'), new Watcher('7000')]
    for (const each of [writer, gone]) neighbours.join(each)
    neighbours.leave(gone)
    neighbours.wrote(writer, ['users'])
    neighbours.join(late)
    expect([late.heard, gone.heard]).toEqual([0, 0])
  })
})
