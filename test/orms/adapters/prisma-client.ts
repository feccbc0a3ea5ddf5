import { getPrismaClient, type PrismaClientOptions } from '@prisma/client/runtime/client'
import type { Person } from '../orm.ts'

interface Note {
  readonly id: number
  readonly title: string
  readonly personId: number
}

type Where<T> = { readonly [K in keyof T]?: T[K] }

/** The part of a generated model that is used here. */
interface Delegate<T, R = T> {
  create(args: { readonly data: Where<T> }): Promise<T>
  update(args: { readonly where: Where<T>; readonly data: Where<T> }): Promise<T>
  delete(args: { readonly where: Where<T> }): Promise<T>
  findUnique(args: { readonly where: Where<T>; readonly include?: object }): Promise<R | null>
  findMany(args: { readonly orderBy: object }): Promise<T[]>
  count(): Promise<number>
}

type Isolation = 'ReadCommitted' | 'Serializable'

export interface PrismaTransaction {
  readonly person: Delegate<Person, Person & { readonly notes?: readonly Note[] }>
  readonly note: Delegate<Note>
  $queryRawUnsafe(sql: string): Promise<Record<string, unknown>[]>
  $transaction<T>(
    work: (tx: PrismaTransaction) => Promise<T>,
    options?: { readonly isolationLevel: Isolation },
  ): Promise<T>
}

export interface PrismaClient extends PrismaTransaction {
  $disconnect(): Promise<void>
}

const inlineSchema = `
datasource db {
  provider = "postgresql"
}
generator client {
  provider = "prisma-client"
}
model Person {
  id    Int    @id
  email String @unique(map: "people_email_key")
  name  String
  notes Note[]
  @@map("people")
}
model Note {
  id       Int    @id @default(autoincrement())
  title    String
  personId Int    @map("person_id")
  person   Person @relation(fields: [personId], references: [id], onDelete: Cascade)
  @@map("notes")
}
`

const scalar = (name: string, type: string): object => ({ name, kind: 'scalar', type })
const models = {
  Person: {
    dbName: 'people',
    fields: [
      scalar('id', 'Int'),
      scalar('email', 'String'),
      scalar('name', 'String'),
      { name: 'notes', kind: 'object', type: 'Note', relationName: 'NoteToPerson', isList: true },
    ],
  },
  Note: {
    dbName: 'notes',
    fields: [
      scalar('id', 'Int'),
      scalar('title', 'String'),
      { ...scalar('personId', 'Int'), dbName: 'person_id' },
      { name: 'person', kind: 'object', type: 'Person', relationName: 'NoteToPerson' },
    ],
  },
}

const compiler = '@prisma/client/runtime/query_compiler_fast_bg.postgresql'

/** What `prisma generate` writes, in short: the generator is a program of its own that is not needed for two models. */
const GeneratedClient = getPrismaClient({
  inlineSchema,
  runtimeDataModel: { models, enums: {}, types: {} },
  // No value is told from the shape of its query: each is compiled anew.
  parameterizationSchema: { strings: [], graph: 'AAAA' },
  previewFeatures: [],
  clientVersion: '7.10.0',
  engineVersion: '',
  activeProvider: 'postgresql',
  compilerWasm: {
    getRuntime: () => import(`${compiler}.mjs`),
    getQueryCompilerWasmModule: async () => {
      const { wasm } = (await import(`${compiler}.wasm-base64.mjs`)) as { wasm: string }
      const { Module } = Reflect.get(globalThis, 'WebAssembly') as {
        Module: new (code: Uint8Array) => object
      }
      return new Module(Buffer.from(wasm, 'base64'))
    },
    importName: './query_compiler_fast_bg.js',
  },
} as unknown as Parameters<typeof getPrismaClient>[0])

export function createPrismaClient(options: PrismaClientOptions): PrismaClient {
  return new GeneratedClient(options) as unknown as PrismaClient
}
