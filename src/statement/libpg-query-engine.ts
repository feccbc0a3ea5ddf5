import type { CreateModule, PgQueryModule } from './libpg-query-files.ts'

/** `plpgsql` is for a text that creates a function in that language: its tree is the one of the function's body. */
export type Grammar = 'sql' | 'plpgsql'

/** PostgreSQL's parser in one WebAssembly instance. */
export interface Engine {
  /**
   * The raw parse tree as JSON, or undefined for a text that the grammar does not know. After it threw, the instance's
   * memory is in an unknown state and it must not be used again.
   *
   * @param grammar @defaultValue `sql`
   */
  parse(sql: string, grammar?: Grammar): string | undefined
  /** Bytes of memory that the instance has taken. It never gives any back. */
  readonly memoryBytes: number
}

/** WebAssembly, as far as it is used here: without a browser's library there are no types for it. */
interface Wasm {
  readonly compile: (bytes: Uint8Array) => Promise<object>
  readonly Instance: new (compiled: object, imports: object) => object
}

const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: Wasm }

/** Everything from which instances are made. */
interface Parts {
  readonly createModule: CreateModule
  readonly compiled: object
}

/** Makes engines. */
export interface EngineFactory {
  /**
   * Loads the JavaScript, and compiles the WebAssembly in another thread, so that `create` takes less. Nothing is
   * loaded after it: test runners such as Jest refuse to load JavaScript once a test is over. `create` reports
   * failures.
   */
  warm(this: void): void
  create(this: void): Promise<Engine>
}

export function engineFactory(): EngineFactory {
  let parts: Promise<Parts> | undefined
  return {
    warm: () => {
      parts ??= loadParts()
      parts.catch(() => {})
    },
    create: async () => {
      parts ??= loadParts()
      try {
        const { createModule, compiled } = await parts
        return await createEngine(createModule, compiled)
      } catch (error) {
        parts = undefined
        throw error
      }
    },
  }
}

async function loadParts(): Promise<Parts> {
  const { createModule, wasmBytes } = await import('./libpg-query-files.ts')
  // Both in other threads: meanwhile this one opens the first connections.
  return { createModule, compiled: await wasm.compile(await wasmBytes()) }
}

async function createEngine(createModule: CreateModule, compiled: object): Promise<Engine> {
  const instance = await createModule({
    instantiateWasm: (imports, done) => done(new wasm.Instance(compiled, imports)),
    // The parser opens no file, so the glue need not open the standard streams.
    noFSInit: true,
    print: () => {},
    printErr: () => {},
  })
  return {
    parse: (sql, grammar = 'sql') => {
      const text = write(instance, sql)
      const result = instance[parsers[grammar].parse](text)
      instance._free(text)
      if (result === 0) throw new Error('The parser is out of memory')
      return parsers[grammar].take(instance, result)
    },
    get memoryBytes() {
      return instance.HEAPU8.length
    },
  }
}

/** How each grammar is called, and what it answers: `take` frees the answer. */
const parsers = {
  sql: { parse: '_wasm_parse_query_raw', take: takeTree },
  plpgsql: { parse: '_wasm_parse_plpgsql', take: takeText },
} as const

const encoder = new TextEncoder()

/** Puts a text into the instance's memory. */
function write(instance: PgQueryModule, sql: string): number {
  const textBytes = Buffer.byteLength(sql)
  const text = instance._malloc(textBytes + 1)
  encoder.encodeInto(sql, instance.HEAPU8.subarray(text, text + textBytes))
  instance.HEAPU8[text + textBytes] = 0
  return text
}

function takeTree(instance: PgQueryModule, result: number): string | undefined {
  // The result begins with three pointers: the tree, what was printed, and the error.
  const tree = wordAt(instance, result)
  const error = wordAt(instance, result + 8)
  const json = error === 0 && tree !== 0 ? textAt(instance, tree) : undefined
  instance._wasm_free_parse_result(result)
  return json
}

/** Either the tree, or the message of an error. */
function takeText(instance: PgQueryModule, result: number): string | undefined {
  const text = textAt(instance, result)
  instance._wasm_free_string(result)
  return text.startsWith('{') ? text : undefined
}

function wordAt(instance: PgQueryModule, pointer: number): number {
  return instance.HEAPU32[pointer >> 2] ?? 0
}

function textAt({ HEAPU8: memory }: PgQueryModule, pointer: number): string {
  const end = memory.indexOf(0, pointer)
  return Buffer.from(memory.buffer, memory.byteOffset + pointer, end - pointer).toString()
}
