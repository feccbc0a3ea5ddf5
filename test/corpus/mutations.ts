/** A small generator of pseudo-random numbers in [0, 1), the same ones for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Pieces that change a statement's meaning wherever they land. */
const spices = [
  "'",
  "''",
  '"',
  '$$',
  '$a$',
  '\\',
  ';',
  '--',
  '/*',
  '*/',
  '\n',
  '\0',
  '\ud800',
  'é',
  '🐘',
  '(',
  ')',
  ',',
  '.',
  '::',
  '::app.t',
  '$1',
  ' FOR UPDATE',
  ' FOR SHARE',
  ' INTO x',
  ' UNION ',
  ' EXCEPT ',
  ' ONLY ',
  ' LATERAL ',
  ' TABLE t',
  ' AS ',
  ' WITH x AS (DELETE FROM t) ',
  " nextval('s') ",
  ' pg_advisory_lock(1) ',
  " set_config('a','b',true) ",
  ' app.f() ',
  ' pg_stat_activity ',
  ', pg_locks',
  ' OPERATOR(app.+) ',
  ' <<<>>> ',
  " E'\\'' ",
  " U&'\\0041' ",
  ' U&"a" ',
  ' EXPLAIN ',
  ' EXPLAIN ANALYZE ',
  ' COPY (',
  ') TO STDOUT',
  ' BEGIN; ',
  ' COMMIT; ',
  ' SET a = b; ',
  ' DELETE FROM t; ',
]

/** Texts made of parts of others: cut, joined, doubled, with spices. */
export function mutations(texts: readonly string[], count: number, seed: number): readonly string[] {
  const random = randomNumbers(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = (from: readonly string[]): string => from[below(from.length)] ?? ''
  const words = (text: string): readonly string[] => text.split(/(?<=\s)/)
  const mutate = (text: string): string => {
    const parts = [...words(text)]
    for (let change = below(4) + 1; change > 0; change--) {
      const at = below(parts.length + 1)
      const dice = random()
      if (dice < 0.35) parts.splice(at, 0, pick(spices))
      else if (dice < 0.5) parts.splice(at, below(3) + 1)
      else if (dice < 0.65) parts.splice(at, 0, ...words(pick(texts)).slice(0, below(12)))
      else if (dice < 0.8) parts.splice(at, 0, ...parts.slice(below(parts.length), below(parts.length) + 3))
      else parts[at] = (parts[at] ?? '').split('').toReversed().join('')
    }
    return parts.join('')
  }
  return Array.from({ length: count }, () => mutate(pick(texts)))
}
