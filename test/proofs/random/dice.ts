import { randomNumbers } from '../../corpus/mutations.ts'

/** Random choices, the same ones for the same seed. */
export class Dice {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = randomNumbers(seed)
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('There is nothing to pick from')
    return item
  }

  /** At most `count` of the items, in random order. */
  some<Item>(items: readonly Item[], count: number): readonly Item[] {
    const left = [...items]
    const picked: Item[] = []
    while (picked.length < count && left.length > 0) picked.push(...left.splice(this.below(left.length), 1))
    return picked
  }
}
