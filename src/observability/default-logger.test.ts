import { hostname } from 'node:os'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { defaultLogger } from './default-logger.ts'

const FIELDS = { node: 'a:5432', from: undefined, stack: 'Error\n    at "f"', nodes: ['a', 'b'], forMs: 1.5 }

const withoutTime = (line: string): string => line.replace(/"time":\d{13},/, '"time":0,')

describe('defaultLogger', () => {
  it.each(['info', 'warn'] as const)('writes the line that pino writes: %s', (level) => {
    const [own, others]: [string[], string[]] = [[], []]
    defaultLogger('info', (line) => own.push(line))[level](FIELDS, 'Node "a" is down')
    pino({ name: 'pg-switchyard' }, { write: (line) => others.push(line) })[level](FIELDS, 'Node "a" is down')
    expect(own.map(withoutTime)).toEqual(others.map(withoutTime))
    expect(own).toHaveLength(1)
    expect(JSON.parse(own[0] ?? '')).toMatchObject({ node: 'a:5432', hostname: hostname() })
  })

  it('leaves out what is below its level', () => {
    const lines: string[] = []
    const logger = defaultLogger(undefined, (line) => lines.push(line))
    logger.info({}, 'The primary is a')
    expect(lines).toEqual([])
    logger.warn({}, 'There is no primary yet')
    expect(lines).toHaveLength(1)
  })
})
